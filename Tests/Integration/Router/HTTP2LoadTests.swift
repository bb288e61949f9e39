import Foundation
import PKITestKit
import Testing

@Suite("thousands of requests over HTTP/2, by h2load to nginx")
struct HTTP2LoadTests {
  let workspace: Workspace
  let nginx: Nginx
  let server: BackgroundProcess

  init() throws {
    workspace = try .forRouter(clients: [])
    nginx = try Nginx(as: "localhost", in: workspace)
    server = try nginx.start()
  }

  /// What the requests of a test are.
  struct Load: CustomTestStringConvertible, Sendable {
    var requests: Int
    var connections: Int
    /// At once on each connection.
    var streams: Int
    /// Kilobytes that each request has in its body.
    var body = 0
    /// Whether nginx gets them by HTTP/2.
    var isHTTP2: Bool

    var testDescription: String {
      "\(requests) with \(body) KiB, \(connections) × \(streams), to HTTP/\(isHTTP2 ? "2" : "1.1")"
    }
  }

  /// h2load 1.52 has no certificate to show: the listener lets everybody in.
  private func router(_ load: Load) throws -> RunningRouter {
    try RunningRouter(
      """
      admin: router.sock
      listeners:
        - name: in
          listen: 127.0.0.1:0
          protocol: http
          identity: {cert: pki/localhost.crt, key: pki/localhost.key}
          insecureAnyClient: true
          to: back
      clusters:
        - name: back
          endpoints: ["127.0.0.1:\(load.isHTTP2 ? nginx.http2 : nginx.plain)"]
          protocol: \(load.isHTTP2 ? "http2" : "http1")

      """, in: workspace)
  }

  @Test(
    "each is answered with 200, once, and counted",
    arguments: [
      Load(requests: 6000, connections: 6, streams: 100, isHTTP2: false),
      Load(requests: 6000, connections: 6, streams: 100, isHTTP2: true),
      Load(requests: 1000, connections: 4, streams: 32, body: 64, isHTTP2: false),
      Load(requests: 1000, connections: 4, streams: 32, body: 64, isHTTP2: true),
    ])
  func load(load: Load) throws {
    let router = try router(load)
    var words = ["-n", "\(load.requests)", "-c", "\(load.connections)", "-m", "\(load.streams)"]
    if load.body > 0 {
      try workspace.bash("head -c \(load.body << 10) /dev/urandom >body")
      words += ["-d", workspace.file("body")]
    }
    let url = "https://127.0.0.1:\(router.port())/\(load.body > 0 ? "read" : "pets")"
    let output = try Tool.require("timeout", ["-k", "5", "300", "h2load"] + words + [url]).text
    let count = load.requests
    let done = "\(count) total, \(count) started, \(count) done, \(count) succeeded, 0 failed, 0 errored, 0 timeout"
    #expect(output.contains("requests: \(done)"), "\(output)")
    #expect(output.contains("status codes: \(count) 2xx, 0 3xx, 0 4xx, 0 5xx"), "\(output)")
    #expect(output.contains("Application protocol: h2"), "\(output)")
    // Where there is a body, nginx asks itself once more when it has read it.
    #expect(try nginx.requests() == (load.body > 0 ? 2 * count : count))
    try expectMetrics(of: load)
    // Lines are written beside the connections.
    let end = Date().addingTimeInterval(180)
    while try lines() < count, Date() < end { Thread.sleep(forTimeInterval: 0.05) }
    #expect(try lines() == count, "\(router.log)")
  }

  private func expectMetrics(of load: Load) throws {
    let page = try workspace.bash("curl -s --unix-socket router.sock http://router/metrics").text
    let pairs = page.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
    let metrics = Dictionary(pairs.map { (String($0[0]), Int($0[1])) }, uniquingKeysWith: { $1 })
    let answers = metrics.filter { $0.key.hasPrefix("countersign_router_requests_total{listener=\"in\"") }
    #expect(answers == ["countersign_router_requests_total{listener=\"in\",status=\"200\"}": load.requests])
    #expect(metrics["countersign_router_handshakes_completed_total{listener=\"in\"}"] == load.connections)
    let made = try #require(metrics["countersign_router_backend_connections_total{cluster=\"back\"}"] ?? nil)
    #expect(made > 0 && made < load.requests / 2, "\(made)")
    let failures = metrics.filter { $0.key.hasPrefix("countersign_router_backend_failures_total") && $0.value != 0 }
    #expect(failures.isEmpty, "\(failures)")
    #expect(metrics["countersign_router_log_lines_dropped_total"] == 0)
  }

  /// How many requests the access log has that were answered with 200.
  private func lines() throws -> Int {
    let text = try workspace.bash("cat access-*.log | grep -c '\"status\":200,' || true").text
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }
}
