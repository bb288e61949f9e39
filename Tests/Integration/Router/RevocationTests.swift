import Foundation
import PKITestKit
import Testing

@Suite("a client's certificate is revoked")
struct RevocationTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter()
    try workspace.bash("countersign crl -o ca.crl --quiet")
    backend = try .backend("echo", in: workspace)
  }

  private func router(_ settings: String = "", more: String = "") throws -> RunningRouter {
    let configuration = OneListener(to: backend.port).with {
      $0.clients = "trust: pki/ca.crt, crl: ca.crl, \(settings) allow: [{any: true}]"
      $0.more = more
    }
    return try RunningRouter(configuration.yaml, in: workspace)
  }

  private func revoke(_ client: String, flags: String = "") throws {
    try workspace.bash(
      "countersign revoke pki/\(client).crt --reason keyCompromise --quiet; countersign crl -o ca.crl \(flags) --quiet")
  }

  @Test("its open connections end within 5 s, others go on, and it doesn't come in again")
  func revoked() throws {
    let router = try router()
    let first = try router.hold(3, as: "robot-1")
    let second = try router.hold(3, as: "robot-2")
    try revoke("robot-1")
    #expect(try router.reload().contains("reloaded"))
    let ends = try first.wait(for: "end", count: 3)
    #expect(ends.allSatisfy { $0.isAlert("certificate revoked") }, "\(ends)")
    let ended = try router.waitForAccess(count: 3) { $0.outcome == "revoked" && $0.cluster != nil }
    #expect(try router.seconds(fromReloadTo: ended) <= 5)
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("certificate revoked"))
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
    second.poke()
    try second.wait(for: "answer", count: 3)
    #expect(second.events("end").isEmpty)
    let lines = try router.waitForAccess(count: 4) { $0.outcome == "revoked" }
    #expect(lines.allSatisfy { $0.reason?.contains("keyCompromise") == true && $0.id != nil }, "\(lines)")
  }

  @Test("its saved session is dead, in both versions of TLS", arguments: ["1.2", "1.3"])
  func session(_ version: String) throws {
    let router = try router(more: "tls: {min: \"1.2\"}")
    #expect(try router.session(as: "robot-1", "--tls", version).outcome == "answered")
    let saved = try router.session("--tls", version)
    #expect(saved.resumed == true && saved.outcome == "answered", "\(saved)")
    try router.waitForAccess { $0.resumed == true && $0.subject?.contains("robot-1") == true && $0.rule != nil }
    try revoke("robot-1")
    #expect(try router.reload().contains("reloaded"))
    let dead = try router.session("--tls", version)
    #expect(dead.resumed == false && dead.outcome == "alert", "\(dead)")
  }

  @Test("a revoked certificate isn't let in by a list that was there from the beginning")
  func fromTheBeginning() throws {
    try revoke("robot-1")
    let router = try router()
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("certificate revoked"))
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
  }

  /// Waits until the list is older than it says to be good for.
  private func expireList() throws {
    try revoke("robot-1", flags: "--next-update 1s")
    try workspace.bash(
      """
      next=$(date -d "$(openssl crl -in ca.crl -noout -nextupdate | cut -d= -f2)" +%s)
      while [ "$(date +%s)" -le "$next" ]; do sleep 0.1; done
      """)
  }

  @Test("with a stale list nobody passes, until a fresh one is there")
  func staleClosed() throws {
    try expireList()
    let router = try router()
    let refused = try router.exchange(as: "robot-2", "--silent")
    #expect(refused.outcome == "alert", "\(refused)")
    let line = try router.waitForAccess { $0.outcome == "revocation-stale" }[0]
    #expect(line.reason?.contains("stale since") == true && line.cluster == nil)
    try workspace.bash("countersign crl -o ca.crl --quiet")
    #expect(try router.reload().contains("reloaded"))
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("certificate revoked"))
  }

  @Test("with whenStale: open others pass, and who was revoked stays out")
  func staleOpen() throws {
    try expireList()
    let router = try router("whenStale: open,")
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("certificate revoked"))
  }

  @Test("staleAfter makes a list stale that calls itself good for longer")
  func staleAfter() throws {
    try workspace.bash(
      """
      last=$(date -d "$(openssl crl -in ca.crl -noout -lastupdate | cut -d= -f2)" +%s)
      while [ "$(date +%s)" -le "$((last + 1))" ]; do sleep 0.1; done
      """)
    let router = try router("staleAfter: 1s,")
    #expect(try router.exchange(as: "robot-2", "--silent").outcome == "alert")
    try router.waitForAccess { $0.outcome == "revocation-stale" }
  }

  @Test("a list that can't be read changes nothing")
  func damaged() throws {
    let router = try router()
    let held = try router.hold(as: "robot-1")
    try workspace.bash("cp pki/ca.crt ca.crl")
    let message = try router.reload()
    #expect(message.contains("nothing was changed") && message.contains("ca.crl"), "\(message)")
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    held.poke()
    try held.wait(for: "answer")
  }

  // MARK: What is told of it

  private static let stale =
    "\"level\":\"error\",\"message\":\"the revocation lists are stale: nobody is let in until fresh ones come\""

  @Test("that its lists become stale while it runs is told once, and that they are fresh again")
  func toldOfStale() throws {
    try workspace.bash("countersign crl -o ca.crl --next-update 8s --quiet")
    let router = try router()
    try waitUntil("it is told") { router.lines(Self.stale) > 0 }
    #expect(router.log.contains("\(Self.stale),\"listener\":\"in\",\"since\":\"20"), "\(router.log)")
    #expect(try router.exchange(as: "robot-2", "--silent").outcome == "alert")
    // Some looks at them.
    Thread.sleep(forTimeInterval: 4)
    #expect(router.lines(Self.stale) == 1, "\(router.log)")
    try workspace.bash("countersign crl -o ca.crl --quiet")
    try waitUntil("it is told") { router.lines("the revocation lists are fresh again") == 1 }
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
  }

  @Test("of a list that never came it is told at once what that means, and how it goes on when it comes")
  func neverCame() throws {
    let port = try ServerProcess.freePort()
    let url = "http://127.0.0.1:\(port)/ca.crl"
    let configuration = OneListener(to: backend.port).with {
      $0.top = "admin: admin.sock"
      $0.clients = "trust: pki/ca.crt, crl: \"\(url)\", allow: [{any: true}]"
    }
    let before = Date().addingTimeInterval(-1)
    let router = try RunningRouter(configuration.yaml, in: workspace)
    let missing = "no revocation list has come yet: nobody is let in until one comes"
    #expect(
      router.log.contains("\"level\":\"error\",\"message\":\"\(missing)\",\"listener\":\"in\""), "\(router.log)")
    let reason = "\"reason\":\"Connection refused\",\"url\":\"\(url)\""
    #expect(router.log.contains(reason), "\(router.log)")
    #expect(try router.exchange(as: "robot-2", "--silent").outcome == "alert")
    let admin = AdminClient(workspace: workspace)
    let since = try #require(try admin.status().listeners[0].revocationStaleSince)
    #expect(since > before && since < Date(), "\(since)")
    let metric = try admin.metrics().value("revocation_stale_since_seconds", ["listener": "in"])
    #expect(metric == since.timeIntervalSince1970.rounded(.down))
    let server = try workspace.start(
      [Workspace.tools + "/python", "-m", "http.server", "\(port)", "--bind", "127.0.0.1"])
    try waitUntil("it has come") { router.log.contains("the revocation lists are fresh again") }
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
    #expect(router.lines(missing) == 1 && server.isRunning)
    let later = try #require(try admin.status().listeners[0].revocationStaleSince)
    #expect(later > Date())
  }

  @Test("where one goes on with old lists, a list that never came is a warning")
  func neverCameOpen() throws {
    let port = try ServerProcess.freePort()
    let configuration = OneListener(to: backend.port).with {
      $0.clients =
        "trust: pki/ca.crt, crl: \"http://127.0.0.1:\(port)/ca.crl\", whenStale: open, allow: [{any: true}]"
    }
    let router = try RunningRouter(configuration.yaml, in: workspace)
    let missing = "no revocation list has come yet: whoever was revoked is taken for good until one comes"
    #expect(router.log.contains("\"level\":\"warning\",\"message\":\"\(missing)\""), "\(router.log)")
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
  }
}
