import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("which endpoint is next")
struct BalancingTests {
  let workspace: Workspace
  let admin: AdminClient

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    admin = AdminClient(workspace: workspace)
  }

  private func configuration(to backends: [Peer], _ cluster: String = "", more: String = "") -> OneListener {
    OneListener(to: backends.map { "127.0.0.1:\($0.port)" }).with {
      $0.top = "admin: admin.sock\nworkers: 2"
      $0.cluster = cluster
      $0.more = more
    }
  }

  @Test("in turns: each gets as many connections as the others, whatever worker has them")
  func turns() throws {
    let backends = try (1...3).map { _ in try Peer.backend("switched", in: workspace) }
    let router = try RunningRouter(configuration(to: backends).yaml, in: workspace)
    #expect(try router.exchanges(30, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(backends.map { $0.events("taken").count } == [10, 10, 10])
  }

  @Test("requests of one client and of several have their turns too", arguments: ["--http1.1", "--http2"])
  func requests(version: String) throws {
    let backends = try (1...2).map { _ in try Peer.backend("web", in: workspace) }
    // Each worker keeps connections of its own: so all requests find the same.
    let yaml = configuration(to: backends, more: "protocol: http").with { $0.top = "workers: 1" }.yaml
    let router = try RunningRouter(yaml, in: workspace)
    let urls = Array(repeating: "https://localhost/", count: 4)
    for _ in 1...5 {
      let answer = try router.curl(version, urls[0], urls[1], urls[2], urls[3])
      #expect(answer.requests.map { $0[0] } == ["200", "200", "200", "200"])
    }
    // Which connections are kept may shift them a little.
    let counts = backends.map { $0.events("request").count }
    #expect(counts.reduce(0, +) == 20 && counts.allSatisfy { $0 >= 5 }, "\(counts)")
  }

  @Test("with leastConnections the one that has the fewest open")
  func leastConnections() throws {
    let backends = try (1...2).map { _ in try Peer.backend("switched", in: workspace) }
    let rule = "balance: leastConnections"
    let router = try RunningRouter(configuration(to: [backends[0]], rule).yaml, in: workspace)
    func open() throws -> [Int] { try backends.map { try admin.endpoint($0.port).connections } }
    let first = try router.hold(4, as: "robot-1")
    // An endpoint that stays keeps its connections, and they count.
    #expect(try router.reload(configuration(to: backends, rule).yaml).contains("reloaded"))
    let second = try router.hold(4, as: "robot-1")
    #expect(try open() == [4, 4])
    let third = try router.hold(6, as: "robot-1")
    #expect(try open() == [7, 7])
    first.process.send(SIGTERM)
    try waitUntil("four have ended") { try open() == [3, 7] }
    let fourth = try router.hold(4, as: "robot-1")
    #expect(try open() == [7, 7])
    #expect(try admin.metrics().value("backend_connections_open", ["cluster": "back"]) == 14)
    for held in [second, third, fourth] { #expect(held.events("end").isEmpty) }
  }

  @Test("one that doesn't answer within connectTimeout is followed by the next, and no client notices")
  func connectTimeout() throws {
    let silent = try Peer.backend("full", in: workspace)
    let well = try Peer.backend("switched", in: workspace)
    let router = try RunningRouter(configuration(to: [silent, well], "connectTimeout: 1s").yaml, in: workspace)
    #expect(try router.exchanges(4, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(well.events("taken").count == 4)
    let failures = try admin.metrics().values("backend_failures_total", by: "reason", where: ["cluster": "back"])
    #expect(failures["timeout"] ?? 0 >= 2 && failures.count == 1, "\(failures)")
  }

  @Test("as many others are tried as retries says, each once")
  func retries() throws {
    let off = try (1...3).map { _ in try Peer.backend("switched-off", in: workspace) }
    let on = try Peer.backend("switched", in: workspace)
    let patient = "outlier: {failures: 1000}"
    let router = try RunningRouter(configuration(to: off + [on], "retries: 3\n    \(patient)").yaml, in: workspace)
    #expect(try router.exchanges(8, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(on.events("taken").count == 8)
    #expect(try router.reload(configuration(to: off, "retries: 1\n    \(patient)").yaml).contains("reloaded"))
    let labels = ["cluster": "back", "reason": "connect"]
    let before = try admin.metrics().value("backend_failures_total", labels) ?? 0
    #expect(try router.exchange(as: "robot-1").wasCut)
    #expect(try admin.metrics().value("backend_failures_total", labels) == before + 2)
  }

  @Test("once a byte has reached a backend, a connection goes nowhere else")
  func noRetry() throws {
    let breaking = try Peer.backend("reset", in: workspace)
    let well = try Peer.backend("switched", in: workspace)
    let router = try RunningRouter(configuration(to: [breaking, well], "retries: 5").yaml, in: workspace)
    let answers = try router.exchanges(6, as: "robot-1")
    #expect(answers.filter { $0.outcome == "answered" }.count == 3, "\(answers)")
    #expect(answers.filter(\.wasCut).count == 3)
    #expect(well.events("taken").count == 3)
  }

  @Test(
    "a request is tried again where its answer hasn't begun, if it may be repeated and has no body",
    arguments: [("GET", "", 2), ("PUT", "", 2), ("PUT", "some", 1), ("POST", "", 1), ("POST", "some", 1)])
  func repeated(method: String, body: String, attempts: Int) throws {
    let backends = try (1...2).map { _ in try Peer.backend("web", in: workspace) }
    let router = try RunningRouter(
      configuration(to: backends, "retries: 5", more: "protocol: http").yaml, in: workspace)
    let target = "https://localhost/silent-end"
    let answer =
      try body.isEmpty
      ? router.curl("-X", method, target) : router.curl("-X", method, "--data-binary", body, target)
    #expect(answer.status == 502, "\(answer)")
    let seen = backends.flatMap { $0.events("request") }.filter { $0.detail == "\(method) /silent-end" }
    #expect(seen.count == attempts)
  }
}
