import Foundation
import PKITestKit
import Testing

@Suite("requests are judged, and backends told, by the client's certificate")
struct HTTPIdentityTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: [
      "robot-1 --org ORG1 --dns robot-1.example.org --uri spiffe://example.org/robot/1", "robot-2 --org ORG2",
    ])
    backend = try .backend("web", in: workspace)
  }

  /// - Parameter more: lines of the listener, for `routes` and the like.
  private func router(clients: String, to: String = "to: back", more: String) throws -> RunningRouter {
    let yaml = OneListener(to: backend.port).with {
      $0.clients = clients
      $0.more = "protocol: http\n    \(more)"
      // The log has this socket among those that it waits for.
      $0.top = "admin: router.sock"
    }.yaml
    return try RunningRouter(yaml.replacing("to: back\n    protocol", with: "\(to)\n    protocol"), in: workspace)
  }

  private struct Problem: Decodable {
    var status: Int
    var detail: String?
    var id: String?
  }

  @Test("a route's rules answer 403, whose ID leads to all that is known", arguments: ["--http1.1", "--http2"])
  func refused(version: String) throws {
    let router = try router(
      clients: "trust: pki/ca.crt, allow: [{any: true}]",
      more: "routes: [{path: /ours, to: back, allow: [{name: ours, org: ORG1}]}, {path: /all, to: back}]")
    #expect(try router.curl(version, "https://localhost/ours").status == 200)
    #expect(try router.curl(version, "https://localhost/all", as: "robot-2").status == 200)
    let answer = try router.curl(version, "https://localhost/ours", as: "robot-2")
    #expect(answer.status == 403)
    let problem = try JSONDecoder().decode(Problem.self, from: Data(answer.body.utf8))
    #expect(problem.status == 403 && problem.detail == nil)
    let id = try #require(problem.id)
    let explained = try workspace.countersign(["explain", id, "--admin", "router.sock"])
    #expect(explained.status == 0, "\(explained.errors)")
    #expect(explained.text.contains(id) && explained.text.contains("CN=robot-2"), "\(explained.text)")
    #expect(explained.text.contains("no rule allows it"))
    #expect(backend.events("request").count == 2)
  }

  @Test("a route's deny holds against its allow and the listener's", arguments: ["--http1.1", "--http2"])
  func denied(version: String) throws {
    let router = try router(
      clients: "trust: pki/ca.crt, allow: [{any: true}]",
      more: "routes: [{path: /, to: back, allow: [{any: true}], deny: [{org: ORG2}]}]")
    #expect(try router.curl(version, "https://localhost/").status == 200)
    #expect(try router.curl(version, "https://localhost/", as: "robot-2").status == 403)
    #expect(backend.events("request").count == 1)
  }

  @Test("where routes alone allow somebody, nobody passes beside them", arguments: ["--http1.1", "--http2"])
  func unrouted(version: String) throws {
    let router = try router(
      clients: "trust: pki/ca.crt", more: "routes: [{path: /ours, to: back, allow: [{org: ORG1}]}]")
    #expect(try router.curl(version, "https://localhost/ours").status == 200)
    for path in ["", "other", "oursbutnot"] {
      #expect(try router.curl(version, "https://localhost/\(path)").status == 403, "\(path)")
    }
    #expect(try router.curl(version, "https://localhost/ours", as: "robot-2").status == 403)
    #expect(backend.events("request").count == 1)
  }

  @Test("what the client says of itself is removed, and the router's word stands", arguments: ["--http1.1", "--http2"])
  func told(version: String) throws {
    let router = try router(
      clients: "trust: pki/ca.crt, allow: [{any: true}]",
      more: "identityHeaders: [{header: X-Fleet-Node, value: cn}, {header: X-Fleet-Org, value: org}]")
    let forged = [
      "X-Forwarded-Client-Cert: forged", "X_Forwarded_Client_Cert: forged", "x-forwarded_client-cert: forged",
      "X-Fleet-Node: forged", "X_FLEET_NODE: forged", "X-Fleet_Org: forged", "X-Forwarded-For: 198.51.100.7",
      "X_Forwarded_For: 198.51.100.7", "X-Forwarded-Proto: forged", "X.Forwarded.Client.Cert: forged",
      "X+Fleet~Node: forged", "X-Unrelated: mine",
    ]
    try workspace.write(forged.joined(separator: "\n") + "\n", to: "fields")
    let echoed = try router.curl(version, "-H", "@fields", "https://localhost/").echoed()
    #expect(!echoed.headers.contains { $0[1].contains("forged") || $0[1].contains("198.51.100.7") }, "\(echoed)")
    #expect(!echoed.headers.contains { $0[0].contains("_") }, "\(echoed)")
    #expect(echoed.values("x-unrelated") == ["mine"])
    #expect(echoed.values("x-forwarded-for") == ["127.0.0.1"] && echoed.values("x-forwarded-proto") == ["https"])
    #expect(echoed.values("x-fleet-node") == ["robot-1"] && echoed.values("x-fleet-org") == ["ORG1"])
    let hash = try workspace.bash(
      "openssl x509 -in pki/robot-1.crt -outform DER | sha256sum"
    ).text.prefix(64)
    let certificate = echoed.values("x-forwarded-client-cert")
    let parts = certificate.first?.split(separator: ";").map(String.init) ?? []
    #expect(certificate.count == 1 && parts.contains("Hash=\(hash)"), "\(certificate)")
    #expect(parts.contains("Subject=\"CN=robot-1,O=ORG1\"") && parts.contains("DNS=robot-1.example.org"), "\(parts)")
    #expect(parts.contains("URI=spiffe://example.org/robot/1"), "\(parts)")
  }

  @Test("without forwardedClientCert the client's is removed all the same", arguments: ["--http1.1", "--http2"])
  func notTold(version: String) throws {
    let router = try router(
      clients: "trust: pki/ca.crt, allow: [{any: true}]", more: "forwardedClientCert: false")
    let echoed = try router.curl(
      version, "-H", "X-Forwarded-Client-Cert: forged", "-H", "X_Forwarded_Client_Cert: forged", "https://localhost/"
    ).echoed()
    #expect(echoed.values("x-forwarded-client-cert").isEmpty)
    #expect(!echoed.headers.contains { $0[1] == "forged" }, "\(echoed)")
  }

  @Test("a field that the client calls hop-by-hop isn't taken from what the router says")
  func hopByHop() throws {
    let router = try router(
      clients: "trust: pki/ca.crt, allow: [{any: true}]",
      more: "identityHeaders: [{header: X-Fleet-Node, value: cn}]")
    let echoed = try router.curl(
      "--http1.1", "-H", "Connection: keep-alive, X-Fleet-Node, X-Forwarded-Client-Cert, X-Forwarded-For",
      "https://localhost/"
    ).echoed()
    #expect(echoed.values("x-fleet-node") == ["robot-1"] && echoed.values("x-forwarded-for") == ["127.0.0.1"])
    #expect(echoed.values("x-forwarded-client-cert").count == 1)
  }
}
