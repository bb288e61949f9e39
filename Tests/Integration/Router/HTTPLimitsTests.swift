import Foundation
import PKITestKit
import Testing

@Suite("requests that are too much, and backends that fail them")
struct HTTPLimitsTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("web", in: workspace)
  }

  private func router(to endpoints: [String]? = nil, limits: String = "", more: String = "") throws -> RunningRouter {
    let endpoints = endpoints ?? ["127.0.0.1:\(backend.port)"]
    return try RunningRouter(
      OneListener(to: endpoints).with { $0.more = "protocol: http\n    limits: {\(limits)}\n    \(more)" }.yaml,
      in: workspace)
  }

  @Test("a head larger than limits.header is 431")
  func header() throws {
    let router = try router(limits: "header: 2048")
    let short = "X-Long: \(String(repeating: "x", count: 1000))"
    #expect(try router.curl("--http1.1", "-H", short, "https://localhost/").status == 200)
    let long = "X-Long: \(String(repeating: "x", count: 5000))"
    #expect(try router.curl("--http1.1", "-H", long, "https://localhost/").status == 431)
    // Whether it's answered or its stream is reset, no backend sees it.
    #expect(try router.curl("--http2", "-H", long, "https://localhost/").status != 200)
    #expect(backend.events("request").count == 1)
  }

  @Test("a body larger than limits.body is 413, with a length or without", arguments: ["--http1.1", "--http2"])
  func body(version: String) throws {
    let router = try router(limits: "body: 100000")
    try workspace.bash("head -c 100000 /dev/zero >fits; head -c 100001 /dev/zero >large")
    for encoding in ["X-Nothing: there", "Transfer-Encoding: chunked"] {
      let fits = try router.curl(version, "-H", encoding, "--data-binary", "@fits", "https://localhost/")
      #expect(fits.status == 200)
      #expect(try fits.echoed().count == 100_000)
      let large = try router.curl(version, "-H", encoding, "--data-binary", "@large", "https://localhost/")
      #expect(large.status == 413, "\(encoding): \(large)")
    }
    // From standard input curl knows no length.
    let words = "curl -s \(version) --cacert pki/ca.crt --cert pki/robot-1.crt --key pki/robot-1.key"
    let status = try workspace.bash(
      "\(words) -o answer -w '%{http_code}' -X POST -T - https://127.0.0.1:\(router.port())/ <large"
    ).text
    #expect(status == "413")
    #expect(backend.events("request").count == 2)
  }

  @Test("a head that comes byte by byte is given up after limits.request")
  func slow() throws {
    let router = try router(limits: "request: 2s")
    let text = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: \(String(repeating: "x", count: 2000))\r\n\r\n"
    let told = try Peer.run(router.client("trickle", as: "robot-1", on: "in", ["--text", text]), in: workspace)[0]
    #expect(told.wasCut || told.detail?.hasPrefix("HTTP/1.1 408 ") == true, "\(told)")
    #expect((told.seconds ?? 0) > 1 && (told.seconds ?? .infinity) < 100, "\(told)")
    #expect(backend.events("request").isEmpty)
  }

  @Test(
    "what two readers could take for different requests is 400, and ends the connection",
    arguments: [
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na",
    ])
  func ambiguous(request: String) throws {
    let router = try router()
    let text = request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    let told = try Peer.run(router.client("to-the-end", as: "robot-1", on: "in", ["--text", text]), in: workspace)[0]
    #expect(told.outcome == "answered" && told.detail?.hasPrefix("HTTP/1.1 400 ") == true, "\(told)")
    #expect(told.detail?.components(separatedBy: "HTTP/1.1 ").count == 2, "\(told)")
    #expect(backend.events("request").isEmpty)
  }

  @Test("who asks and asks and takes no answers, isn't heard any more", arguments: ["/large", "//"])
  func deaf(path: String) throws {
    // The second the router answers itself.
    let router = try router(limits: "request: 20s", more: "routes: [{path: /, to: back}]")
    let before = try router.memory()
    let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let deaf = try router.start("push", as: "robot-1", "--mib", "256", "--text", request)
    #expect((try deaf.wait(for: "stuck")[0].count ?? .max) < 64 << 20)
    #expect(try router.memory() - before < 64 << 20)
    #expect(try router.curl("https://localhost/").status == 200)
    try deaf.wait(for: "cut")
  }

  @Test("who goes away in the midst of requests leaves no memory and no connection behind")
  func abandoned() throws {
    let router = try router()
    try Peer.run(router.client("abandon", as: "robot-1", on: "in", ["--count", "50"]), in: workspace)
    let before = try router.memory()
    try Peer.run(router.client("abandon", as: "robot-1", on: "in", ["--count", "1000"]), in: workspace)
    try waitUntil("the last have been noticed") { try router.openFiles() < 50 }
    #expect(try router.memory() - before < 8 << 20)
  }

  @Test("a client that goes away ends an answer without end", arguments: ["--http1.1", "--http2"])
  func left(version: String) throws {
    let router = try router()
    // Long enough for the answer's head on any machine.
    let answer = try router.curl(version, "-m", "15", "https://localhost/endless")
    #expect(answer.exit == 28 && answer.status == 200, "\(answer)")
    try backend.wait(for: "left")
  }

  // MARK: Backends

  private func refusing() throws -> String { "127.0.0.1:\(try ServerProcess.freePort())" }

  @Test("where no backend listens, the client is told", arguments: ["--http1.1", "--http2"])
  func absent(version: String) throws {
    let router = try router(to: [refusing()])
    let answer = try router.curl(version, "https://localhost/")
    #expect(answer.exit == 0 && [502].contains(answer.status), "\(answer)")
    #expect(answer.body.contains("\"status\":\(answer.status)"))
  }

  @Test("where one endpoint refuses, the other is tried", arguments: ["--http1.1", "--http2"])
  func otherEndpoint(version: String) throws {
    let router = try router(to: [refusing(), "127.0.0.1:\(backend.port)"])
    for _ in 0..<4 {
      #expect(try router.curl(version, "https://localhost/").status == 200)
      #expect(try router.curl(version, "--data-binary", "some", "https://localhost/").echoed().count == 4)
    }
  }

  @Test(
    "one that ends before its answer is no success, one in the midst no whole", arguments: ["--http1.1", "--http2"])
  func ends(version: String) throws {
    let router = try router()
    let none = try router.curl(version, "https://localhost/silent-end")
    #expect([502].contains(none.status), "\(none)")
    let half = try router.curl(version, "https://localhost/cut")
    #expect(half.status == 200 && half.exit != 0, "\(half)")
    #expect(try router.curl(version, "https://localhost/").status == 200)
    let posted = try router.curl(version, "--data-binary", "some", "https://localhost/silent-end")
    #expect([502].contains(posted.status))
    let seen = backend.events("request").filter { $0.detail == "POST /silent-end" }
    #expect(seen.count == 1, "what may not be repeated isn't")
  }

  @Test("a backend that changes the protocol unasked is a bad one", arguments: ["--http1.1", "--http2"])
  func unasked(version: String) throws {
    let router = try router()
    #expect(try router.curl(version, "https://localhost/upgrade").status == 502)
    #expect(try router.curl(version, "https://localhost/").status == 200)
  }

  @Test("an answer of HTTP/2 that is a head and no more, ends on HTTP/1.1", arguments: ["--http1.1", "--http2"])
  func bodiless(version: String) throws {
    let backend = try Peer.backend("bodiless", in: workspace)
    let router = try RunningRouter(
      OneListener(to: backend.port).with {
        $0.more = "protocol: http"
        $0.cluster = "protocol: http2"
      }.yaml, in: workspace)
    let answer = try router.curl(version, "-m", "60", "https://localhost/1", "https://localhost/2")
    #expect(answer.exit == 0 && answer.requests.map { $0[0] } == ["302", "302"], "\(answer)")
    #expect(answer.requests.map { $0[2] } == ["1", "0"])
  }

  @Test("an upgrade makes a connection of both directions")
  func upgrade() throws {
    let router = try router(limits: "request: 2s")
    let told = try Peer.run(router.client("upgrade", as: "robot-1", on: "in", ["--count", "50"]), in: workspace)
    #expect(told.first?.detail?.hasPrefix("HTTP/1.1 101 ") == true, "\(told)")
    #expect(told.filter { $0.event == "answer" && $0.detail == "hello" }.count == 50)
  }
}
