import Foundation
import PKITestKit
import Testing

@Suite("software that speaks plainly reaches a backend that demands mutual TLS")
struct OriginateTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["sensor", "revoked"])
    try workspace.bash("countersign issue backend.example.org --ip 127.0.0.1 --profile server -o pki --quiet")
    backend = try .backend("echo", "--identity", "backend.example.org", "--ca", "pki/ca.crt", in: workspace)
  }

  private func yaml(_ tls: String) -> String {
    """
    listeners: [{name: in, listen: "127.0.0.1:0", to: back}]
    clusters: [{name: back, endpoints: ["127.0.0.1:\(backend.port)"], tls: {trust: pki/ca.crt, \(tls)}}]

    """
  }

  private let identity = "identity: {cert: pki/sensor.crt, key: pki/sensor.key}"

  @Test("the router shows its identity for it, in both versions of TLS")
  func originated() throws {
    let router = try RunningRouter(yaml(identity), in: workspace)
    #expect(try router.exchange("--plain").outcome == "answered")
    let shown = try backend.wait(for: "client")[0]
    #expect(shown.detail == "sensor" && shown.version == "TLSv1.3")
    #expect(try router.reload(yaml("\(identity), min: \"1.2\", max: \"1.2\"")).contains("reloaded"))
    #expect(try router.exchange("--plain").outcome == "answered")
    let older = try backend.wait(for: "client", count: 2)[1]
    #expect(older.detail == "sensor" && older.version == "TLSv1.2")
  }

  @Test("the name that is demanded of the backend can be said")
  func named() throws {
    let router = try RunningRouter(yaml("\(identity), name: backend.example.org"), in: workspace)
    #expect(try router.exchange("--plain").outcome == "answered")
    #expect(try router.reload(yaml("\(identity), name: other.example.org")).contains("reloaded"))
    #expect(try router.exchange("--plain").wasCut)
    try router.waitForAccess { $0.outcome == "backend-name-mismatch" }
  }

  @Test("without an identity the backend refuses it, and the log says with which alert")
  func without() throws {
    let router = try RunningRouter(yaml("min: \"1.3\""), in: workspace)
    #expect(try router.exchange("--plain").wasCut)
    let line = try router.waitForAccess { $0.cluster == "back" }[0]
    #expect(line.outcome == "backend-alert" && line.reason?.contains("certificate_required") == true, "\(line)")
  }

  @Test("an identity that is exchanged is shown from then on")
  func exchanged() throws {
    let router = try RunningRouter(yaml(identity), in: workspace)
    let held = try router.hold(2, "--plain")
    try workspace.bash("countersign issue second --profile client -o pki --quiet")
    #expect(try router.reload(yaml("identity: {cert: pki/second.crt, key: pki/second.key}")).contains("reloaded"))
    #expect(try router.exchange("--plain").outcome == "answered")
    #expect(try backend.wait(for: "client", count: 3).map(\.detail) == ["sensor", "sensor", "second"])
    held.poke()
    try held.wait(for: "answer", count: 2)
  }

  @Test("a backend whose certificate is revoked loses its open connections within 5 s")
  func revoked() throws {
    try workspace.bash("countersign crl -o ca.crl --quiet")
    let router = try RunningRouter(yaml("\(identity), crl: ca.crl"), in: workspace)
    let held = try router.hold(2, "--plain")
    try workspace.bash("countersign revoke pki/backend.example.org.crt --quiet; countersign crl -o ca.crl --quiet")
    #expect(try router.reload().contains("reloaded"))
    #expect(try held.wait(for: "end", count: 2).allSatisfy(\.wasCut))
    #expect(try router.seconds(fromReloadTo: router.waitForAccess(count: 2) { $0.outcome == "backend-revoked" }) <= 5)
    #expect(try router.exchange("--plain").wasCut)
    try router.waitForAccess(count: 3) { $0.outcome == "backend-revoked" }
  }

  @Test("so do answers of HTTP that it is in the midst of")
  func revokedAnswer() throws {
    try workspace.bash("countersign crl -o ca.crl --quiet")
    let web = try Peer.backend("web", in: workspace)
    let before = try RunningRouter(
      OneListener(to: web.port).with { $0.identity = "pki/backend.example.org" }.yaml, in: workspace, as: "before.yaml")
    let router = try RunningRouter(
      """
      listeners: [{name: in, listen: "127.0.0.1:0", protocol: http, to: back}]
      clusters: [{name: back, endpoints: ["127.0.0.1:\(before.port())"], tls: {trust: pki/ca.crt, \(identity), crl: ca.crl}}]

      """, in: workspace)
    let curl = try BackgroundProcess(
      ["curl", "-s", "-m", "180", "http://127.0.0.1:\(router.port())/endless"], in: workspace.path,
      log: workspace.directory.file("endless"))
    try web.wait(for: "request")
    try workspace.bash("countersign revoke pki/backend.example.org.crt --quiet; countersign crl -o ca.crl --quiet")
    #expect(try router.reload().contains("reloaded"))
    try web.wait(for: "left", seconds: 60)
    // The answer hasn't become whole.
    #expect(curl.waitForExit(seconds: 60).map { $0 != 0 && $0 != 28 } == true)
  }
}
