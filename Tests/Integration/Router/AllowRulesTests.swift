import Foundation
import PKITestKit
import Testing

@Suite("who may pass, and by which rule")
struct AllowRulesTests {
  /// A listener for each: its rules, and the rule that the log names for robot-1.
  private static let matching = [
    ("cn", "allow: [{cn: \"*-1\"}]", "allow[0] cn=*-1"),
    ("org", "allow: [{org: ORG1}]", "allow[0] org=ORG1"),
    ("dns", "allow: [{dns: \"*.example.org\"}]", "allow[0] dns=*.example.org"),
    ("ip", "allow: [{ip: 192.0.2.0/24}]", "allow[0] ip=192.0.2.0/24"),
    ("uri", "allow: [{uri: \"spiffe://example.org/robot/*\"}]", "allow[0] uri=spiffe://example.org/robot/*"),
    ("named", "allow: [{name: operators, org: OPS}, {name: robots, cn: robot-1}]", "robots"),
    ("all", "allow: [{cn: robot-1, org: ORG1, ip: 192.0.2.7}]", "allow[0] cn=robot-1,org=ORG1,ip=192.0.2.7/32"),
  ]

  let workspace: Workspace
  let backend: Peer
  /// Of robot-1's certificate, as openssl writes it.
  let fingerprint: String

  init() throws {
    workspace = try .forRouter(clients: [
      "robot-1 --org ORG1 --dns robot-1.example.org --ip 192.0.2.7 --uri spiffe://example.org/robot/1",
      "robot-2 --org ORG2 --dns a.robot-2.example.org --ip 198.51.100.7 --uri spiffe://example.org/agent/2",
    ])
    fingerprint = try String(
      workspace.bash("openssl x509 -in pki/robot-1.crt -noout -fingerprint -sha256").text.dropLast()
        .split(separator: "=")[1])
    backend = try .backend("echo", in: workspace)
  }

  private func router(_ rules: [(String, String)]) throws -> RunningRouter {
    let listeners = rules.map { name, rules in
      """
        - name: \(name)
          listen: 127.0.0.1:0
          identity: {cert: pki/localhost.crt, key: pki/localhost.key}
          clients: {trust: pki/ca.crt, \(rules)}
          to: back
      """
    }
    let clusters = "clusters: [{name: back, endpoints: [\"127.0.0.1:\(backend.port)\"]}]"
    return try RunningRouter((["listeners:"] + listeners + [clusters, ""]).joined(separator: "\n"), in: workspace)
  }

  @Test("who came in without a certificate has to go when one is demanded")
  func demanded() throws {
    let router = try router([("in", "allow: [{any: true}]")])
    let demanding = try String(contentsOf: workspace.directory.file("router.yaml"), encoding: .utf8)
    let open = demanding.replacing(
      "clients: {trust: pki/ca.crt, allow: [{any: true}]}", with: "insecureAnyClient: true")
    #expect(try router.reload(open).contains("reloaded"))
    let held = try router.hold(2)
    #expect(try router.reload(demanding).contains("reloaded"))
    #expect(try held.wait(for: "end", count: 2).allSatisfy { $0.isAlert("certificate required") }, "\(held.told)")
  }

  @Test("each kind of rule lets in whom it matches and nobody else, and the log names it")
  func allowed() throws {
    let digits = fingerprint.replacing(":", with: "").lowercased()
    let cases =
      Self.matching + [("print", "allow: [{fingerprint: \"\(fingerprint)\"}]", "allow[0] fingerprint=\(digits)")]
    let router = try router(cases.map { ($0.0, $0.1) })
    for (listener, _, rule) in cases {
      #expect(try router.exchange(as: "robot-1", on: listener).outcome == "answered", "\(listener)")
      let refused = try router.exchange(as: "robot-2", on: listener, "--silent")
      #expect(refused.isAlert("access denied"), "\(listener): \(refused)")
      let lines = try router.waitForAccess(count: 2) { $0.listener == listener }
      #expect(lines.first { $0.outcome == "finished" }?.rule == rule)
      #expect(lines.contains { $0.outcome == "no-rule" && $0.subject?.contains("robot-2") == true && $0.id != nil })
    }
  }

  @Test("deny is asked first, and who matches nothing is refused")
  func denied() throws {
    let router = try router([
      ("both", "allow: [{any: true}], deny: [{name: stolen, cn: robot-1}]"),
      ("nobody", "allow: [{cn: robot-3}, {cn: robot-1, org: ORG2}]"),
      ("print", "allow: [{org: ORG1}, {any: true}], deny: [{fingerprint: \"\(fingerprint)\"}]"),
    ])
    for listener in ["both", "nobody", "print"] {
      let refused = try router.exchange(as: "robot-1", on: listener, "--silent")
      #expect(refused.isAlert("access denied"), "\(listener): \(refused)")
    }
    #expect(try router.exchange(as: "robot-2", on: "both").outcome == "answered")
    let lines = try router.waitForAccess(count: 3) { $0.outcome == "denied" || $0.outcome == "no-rule" }
    #expect(lines.first { $0.listener == "both" }?.reason?.contains("stolen") == true)
    #expect(lines.first { $0.listener == "print" }?.reason?.contains("deny[0]") == true)
    #expect(lines.first { $0.listener == "nobody" }?.outcome == "no-rule")
    #expect(backend.events("cut").isEmpty)
  }

  @Test("who has no certificate, or one of a stranger's authority, isn't even asked by rules")
  func untrusted() throws {
    let router = try router([("any", "allow: [{any: true}]")])
    try workspace.bash("countersign issue robot-1 --self-signed -o pki/stranger --quiet")
    #expect(try router.exchange(on: "any", "--silent").isAlert("certificate required"))
    let stranger = try router.exchange(as: "stranger/robot-1", on: "any", "--silent")
    #expect(stranger.outcome == "alert", "\(stranger)")
    let lines = try router.waitForAccess(count: 2) { _ in true }
    #expect(lines.allSatisfy { $0.rule == nil && $0.cluster == nil }, "\(lines)")
  }

  @Test("open connections are judged by rules that are reloaded")
  func reloaded() throws {
    let before = OneListener(to: backend.port)
    let router = try RunningRouter(before.yaml, in: workspace)
    let first = try router.hold(2, as: "robot-1")
    let second = try router.hold(2, as: "robot-2")
    let after = before.with { $0.clients = "trust: pki/ca.crt, allow: [{any: true}], deny: [{cn: robot-1}]" }
    #expect(try router.reload(after.yaml).contains("reloaded"))
    #expect(try first.wait(for: "end", count: 2).allSatisfy { $0.isAlert("access denied") })
    #expect(try router.seconds(fromReloadTo: router.waitForAccess(count: 2) { $0.outcome == "denied" }) <= 5)
    second.poke()
    try second.wait(for: "answer", count: 2)
    #expect(second.events("end").isEmpty)
  }

  @Test("who goes on sending while it is refused hears why all the same", arguments: ["1.2", "1.3"])
  func heard(version: String) throws {
    let configuration = OneListener(to: backend.port).with {
      $0.clients = "trust: pki/ca.crt, allow: [{cn: robot-1}]"
      $0.more = "tls: {min: \"1.2\"}"
    }
    let router = try RunningRouter(configuration.yaml, in: workspace)
    // It waits 20 ms each time. After three seconds the router listens no longer, and a busy machine is slow.
    let told = try Peer.run(
      router.client("chatter", as: "robot-2", on: "in", ["--tls", version, "--count", "15"]), in: workspace)
    #expect(told.count == 1 && told[0].isAlert("access denied"), "\(told)")
  }
}
