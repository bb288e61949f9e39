import Foundation
import PKITestKit
import Testing

@Suite("a backend takes a request, and has no answer")
struct AnswerTimeoutTests {
  let workspace: Workspace
  let web: Peer
  /// Accepts connections, and reads nothing.
  let stall: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    web = try .backend("web", in: workspace)
    stall = try .backend("stall", in: workspace)
  }

  private func router(to peers: [Peer], cluster: String = "answerTimeout: 5s") throws -> RunningRouter {
    try RunningRouter(
      OneListener(to: peers.map { "127.0.0.1:\($0.port)" }).with {
        $0.top = "admin: admin.sock"
        $0.more = "protocol: http"
        $0.cluster = cluster
      }.yaml, in: workspace)
  }

  @Test("it is left after answerTimeout, and the client told", arguments: ["--http1.1", "--http2"])
  func never(version: String) throws {
    let router = try router(to: [web])
    // Others of the same connection are answered.
    let answers = try router.curl(
      version, "--parallel", "https://localhost/never", "https://localhost/1", "https://localhost/2")
    #expect(answers.exit == 0, "\(answers)")
    for told in ["\"target\": \"/1\"", "\"target\": \"/2\"", "\"status\":504"] {
      #expect(answers.body.contains(told), "\(answers)")
    }
    try web.wait(for: "left")
    let reason = "\"reason\":\"127.0.0.1:\(web.port): no answer within 5s\""
    try waitUntil("it is told") { try workspace.bash("cat access-*.log").text.contains(reason) }
    #expect(try router.curl(version, "--data-binary", "some", "https://localhost/never").status == 504)
  }

  @Test(
    "what it works on isn't sent to it twice, on a connection that was there before",
    arguments: ["--http1.1", "--http2"])
  func reused(version: String) throws {
    let router = try router(to: [web])
    let answers = try router.curl(version, "https://localhost/1", "https://localhost/never")
    #expect(answers.requests.map { $0[0] } == ["200", "504"], "\(answers)")
    #expect(web.events("request").map(\.detail) == ["GET /1", "GET /never"])
  }

  @Test(
    "an HTTP/2 backend that says nothing is one too, and the next request has another connection",
    arguments: ["--http1.1", "--http2"])
  func withHTTP2(version: String) throws {
    let router = try router(to: [stall], cluster: "protocol: http2\n    answerTimeout: 5s")
    for _ in 1...2 { #expect(try router.curl(version, "https://localhost/").status == 504) }
    let metrics = try AdminClient(workspace: workspace).metrics()
    #expect(metrics.value("backend_connections_total", ["cluster": "back"]) == 2)
    #expect(metrics.value("backend_failures_total", ["cluster": "back", "reason": "answer-timeout"]) == 2)
  }

  @Test("one that takes no more of a request is one too", arguments: ["--http1.1", "--http2"])
  func takesNothing(version: String) throws {
    let router = try router(to: [stall])
    try workspace.bash("truncate -s 64M large")
    #expect(try router.curl(version, "--data-binary", "@large", "https://localhost/").status == 504)
  }

  @Test("what may be repeated goes to another endpoint", arguments: ["--http1.1", "--http2"])
  func repeated(version: String) throws {
    let router = try router(to: [stall, web])
    for _ in 0..<4 { #expect(try router.curl(version, "https://localhost/").status == 200) }
    let posted = try (0..<2).map { _ in try router.curl(version, "--data-binary", "a", "https://localhost/").status }
    #expect(posted.sorted() == [200, 504])
  }

  @Test("who takes time to begin isn't left where answerTimeout is none")
  func none() throws {
    let router = try router(to: [web], cluster: "answerTimeout: none")
    let answer = try router.curl("-m", "15", "https://localhost/never")
    #expect(answer.exit == 28 && answer.status == 0, "\(answer)")
    try web.wait(for: "left")
  }
}
