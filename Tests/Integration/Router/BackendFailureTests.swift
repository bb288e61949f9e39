import Foundation
import PKITestKit
import Testing

@Suite("a backend fails")
struct BackendFailureTests {
  let workspace: Workspace
  let echo: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    try workspace.bash(
      """
      countersign issue backend.example.org --dns localhost --profile server -o pki --quiet
      countersign issue elsewhere.example.org --profile server -o pki --quiet
      countersign issue old --dns localhost --profile server --lifetime 1s -o pki --quiet
      countersign --home other ca create --name "Other Root CA" --no-passphrase --quiet
      countersign --home other issue foreign --dns localhost --profile server -o other-pki --quiet
      mv other-pki/foreign.* pki/
      countersign issue client --dns localhost --profile client -o pki --quiet
      while openssl x509 -in pki/old.crt -noout -checkend 0 >/dev/null; do sleep 0.1; done
      """)
    echo = try .backend("echo", in: workspace)
  }

  private func router(to endpoints: [String], cluster: String = "") throws -> RunningRouter {
    try RunningRouter(OneListener(to: endpoints).with { $0.cluster = cluster }.yaml, in: workspace)
  }

  private func refusing() throws -> String { "127.0.0.1:\(try ServerProcess.freePort())" }

  @Test("where one endpoint refuses, the other is tried, and no client sees it")
  func otherEndpoint() throws {
    let router = try router(to: [refusing(), "127.0.0.1:\(echo.port)"])
    let answers = try router.exchanges(10, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    let lines = try router.waitForAccess(count: 10) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.endpoint == "127.0.0.1:\(echo.port)" })
  }

  @Test("where all refuse, the client's connection ends and the log says why")
  func allRefuse() throws {
    let router = try router(to: [refusing(), refusing()])
    #expect(try router.exchange(as: "robot-1").wasCut)
    let line = try router.waitForAccess { $0.outcome == "backend-connect" }[0]
    #expect(line.reason?.contains("Connection refused") == true && line.cluster == "back")
  }

  @Test("where retries is 0, nothing else is tried")
  func noRetry() throws {
    let router = try router(to: [refusing(), "127.0.0.1:\(echo.port)"], cluster: "retries: 0")
    let outcomes = try router.exchanges(4, as: "robot-1").map { $0.outcome == "answered" }
    #expect(outcomes.contains(true) && outcomes.contains(false), "\(outcomes)")
  }

  @Test("a reset in the midst ends the client's connection")
  func reset() throws {
    let backend = try Peer.backend("reset", in: workspace)
    let router = try router(to: ["127.0.0.1:\(backend.port)"])
    #expect(try router.exchange(as: "robot-1").wasCut)
    let line = try router.waitForAccess { $0.outcome == "backend-cut" }[0]
    #expect(line.reason?.contains("reset") == true && line.received == 5, "\(line)")
  }

  @Test("one that is silent in its handshake is given up after connectTimeout, and the other endpoint is tried")
  func silent() throws {
    let stall = try Peer.backend("stall", in: workspace)
    let secure = try Peer.backend("echo", "--identity", "backend.example.org", in: workspace)
    let tls = "tls: {trust: pki/ca.crt, name: localhost}\n    connectTimeout: 6s"
    let router = try router(to: ["127.0.0.1:\(stall.port)"], cluster: tls)
    #expect(try router.exchange(as: "robot-1").wasCut)
    try router.waitForAccess { $0.outcome == "backend-timeout" && $0.reason?.contains("in time") == true }
    let both = OneListener(to: ["127.0.0.1:\(stall.port)", "127.0.0.1:\(secure.port)"]).with { $0.cluster = tls }
    #expect(try router.reload(both.yaml).contains("reloaded"))
    let answers = try router.exchanges(4, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
  }

  @Test("one that reads nothing holds up its client, fills no memory, and others are served")
  func stalled() throws {
    let stall = try Peer.backend("stall", in: workspace)
    let router = try RunningRouter(
      OneListener(to: stall.port).yaml
        .replacing("clusters:", with: "  - {name: plain, listen: \"127.0.0.1:0\", to: echo}\nclusters:")
        + "  - {name: echo, endpoints: [\"127.0.0.1:\(echo.port)\"]}\n", in: workspace)
    let before = try router.memory()
    let pushing = try (1...4).map { _ in try router.start("push", as: "robot-1", "--mib", "256") }
    for push in pushing {
      let taken = try push.wait(for: "stuck")[0].count
      #expect((taken ?? .max) < 64 << 20)
    }
    #expect(try router.memory() - before < 64 << 20)
    #expect(try router.exchange(on: "plain", "--plain").outcome == "answered")
  }

  @Test(
    "one whose certificate isn't right gets nothing, and the log says why",
    arguments: [
      ("elsewhere.example.org", "backend-name-mismatch", "elsewhere.example.org"),
      ("foreign", "backend-unknown-issuer", "Other Root CA"), ("client", "backend-extended-key-usage", "client"),
      ("old", "backend-expired", "expired"),
    ])
  func untrusted(identity: String, outcome: String, reason: String) throws {
    let backend = try Peer.backend("echo", "--identity", identity, in: workspace)
    let router = try router(to: ["127.0.0.1:\(backend.port)"], cluster: "tls: {trust: pki/ca.crt, name: localhost}")
    #expect(try router.exchange(as: "robot-1").wasCut)
    let line = try router.waitForAccess { $0.cluster == "back" }[0]
    #expect(line.outcome == outcome && line.reason?.contains(reason) == true, "\(line)")
    #expect(line.sent == 0)
    try backend.wait(for: "cut")
    #expect(backend.events("client").isEmpty)
  }
}
