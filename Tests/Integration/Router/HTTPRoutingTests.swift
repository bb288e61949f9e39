import Foundation
import PKITestKit
import Testing

/// What curl says of one or several requests.
struct WebAnswer {
  var exit: Int32
  var body: String
  /// Of each request: its status, the version of HTTP, and how many connections were made for it.
  var requests: [[String]]

  var status: Int { requests.last.flatMap { Int($0[0]) } ?? 0 }
  var version: String { requests.last.map { $0[1] } ?? "" }

  /// What the backend `web` says that it was asked.
  struct Echoed: Decodable {
    var port: Int
    var method: String
    var target: String
    var headers: [[String]]
    var count: Int
    var digest: String
    var framing: String

    func values(_ name: String) -> [String] { headers.filter { $0[0].lowercased() == name }.map { $0[1] } }
  }

  func echoed() throws -> Echoed { try JSONDecoder().decode(Echoed.self, from: Data(body.utf8)) }
}

extension RunningRouter {
  /// Requests by curl, to `https://localhost/…` wherever the listener is.
  func curl(_ flags: String..., as identity: String = "robot-1", on listener: String = "in") throws -> WebAnswer {
    let words = [
      "timeout", "-k", "5", "180", "curl", "-s", "--path-as-is", "--noproxy", "*", "--cacert", "pki/ca.crt", "--cert",
      "pki/\(identity).crt", "--key", "pki/\(identity).key", "--connect-to", "::127.0.0.1:\(port(of: listener))", "-w",
      "%{stderr}%{http_code} %{http_version} %{num_connects}\n",
    ]
    let output = try Tool.run("env", workspace.environment + words + flags, in: workspace.directory.url)
    let requests = output.errors.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    return WebAnswer(exit: output.status, body: output.text, requests: requests.filter { $0.count == 3 })
  }
}

@Suite("requests are routed by host and path")
struct HTTPRoutingTests {
  let workspace: Workspace
  let first: Peer
  let second: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    first = try .backend("web", in: workspace)
    second = try .backend("web", in: workspace)
  }

  /// `in` goes to the first backend, or by its routes to the second.
  private func router(to: String = "to: back", routes: String) throws -> RunningRouter {
    let yaml = OneListener(to: first.port).with { $0.more = "protocol: http\n    routes: [\(routes)]" }.yaml
    return try RunningRouter(
      yaml.replacing("to: back\n    protocol", with: "\(to)\n    protocol")
        + "  - {name: other, endpoints: [\"127.0.0.1:\(second.port)\"]}\n", in: workspace)
  }

  private static let routes = """
    {host: "*.example", path: /pets, to: other}, {path: /pets/big, to: back}, {path: /pets/, to: other}
    """

  @Test("the first that fits is taken, by hosts and whole segments, else `to`", arguments: ["--http1.1", "--http2"])
  func routed(version: String) throws {
    let router = try router(routes: Self.routes)
    let cases = [
      ("a.example", "/pets", second), ("A.Example:8443", "/pets/1?x=/y", second), ("a.example", "/pets?x", second),
      ("a.example", "/pets/big", second), ("a.example", "/petshop", first), ("a.b.example", "/pets", first),
      ("example", "/pets", first), ("b.example.org", "/pets/big/1", first), ("b.example.org", "/pets/1", second),
      ("b.example.org", "/pets", first), ("a.example", "/?/pets", first),
    ]
    for (host, target, backend) in cases {
      let answer = try router.curl(version, "-H", "Host: \(host)", "https://localhost\(target)")
      #expect(answer.status == 200 && answer.version == (version == "--http2" ? "2" : "1.1"), "\(answer)")
      let echoed = try answer.echoed()
      #expect(echoed.port == backend.port, "\(host) \(target)")
      #expect(echoed.target == target && echoed.values("host") == [host], "\(echoed)")
    }
  }

  @Test("without a `to`, what no route takes is 404 and reaches nobody", arguments: ["--http1.1", "--http2"])
  func unrouted(version: String) throws {
    let router = try router(to: "", routes: "{host: a.example, to: other}")
    #expect(try router.curl(version, "-H", "Host: a.example", "https://localhost/").status == 200)
    let answer = try router.curl(version, "-H", "Host: b.example", "https://localhost/")
    #expect(answer.status == 404 && answer.body.contains("no route for b.example/"), "\(answer)")
    #expect(first.events("request").isEmpty && second.events("request").count == 1)
    // What answers HEAD has no body, and the next answer follows.
    let heads = try router.curl(
      version, "-I", "-H", "Host: b.example", "https://localhost/", "https://localhost/again")
    #expect(
      heads.exit == 0 && heads.requests.map { $0[0] } == ["404", "404"] && heads.requests.map { $0[2] } == ["1", "0"])
    #expect(!heads.body.contains("{"), "\(heads)")
  }

  @Test("bodies arrive whole, with a length or in chunks, and so do answers", arguments: ["--http1.1", "--http2"])
  func bodies(version: String) throws {
    let router = try router(routes: "{path: /, to: back}")
    let sum = try String(workspace.bash("head -c 5000000 /dev/urandom >big; sha256sum big").text.prefix(64))
    for encoding in ["X-Nothing: there", "Transfer-Encoding: chunked"] {
      for path in ["echo", "chunked"] {
        let answer = try router.curl(
          version, "-H", encoding, "-H", "Content-Type: application/octet-stream", "--data-binary", "@big",
          "https://localhost/\(path)")
        #expect(answer.status == 200 && answer.exit == 0)
        let echoed = try answer.echoed()
        #expect(echoed.method == "POST" && echoed.count == 5_000_000 && echoed.digest == sum, "\(echoed)")
        if version == "--http1.1" {
          #expect(echoed.framing == (encoding.hasPrefix("Transfer") ? "chunked" : "length"))
        }
      }
    }
    let head = try router.curl(version, "-I", "https://localhost/echo")
    #expect(head.status == 200 && head.exit == 0 && head.body.contains("content-length: "), "\(head)")
    #expect(!head.body.contains("{"))
  }

  @Test("a client's connection serves its requests one after the other", arguments: ["--http1.1", "--http2"])
  func keptAlive(version: String) throws {
    let router = try router(routes: "{path: /other, to: other}")
    let urls = ["echo", "chunked", "other", "echo"].map { "https://localhost/\($0)" }
    let answer = try router.curl(version, urls[0], urls[1], urls[2], urls[3])
    #expect(answer.requests.map { $0[0] } == ["200", "200", "200", "200"])
    #expect(answer.requests.map { $0[2] } == ["1", "0", "0", "0"])
    #expect(first.events("request").count == 3 && second.events("request").count == 1)
  }

  @Test(
    "where routes go by paths, those that can be read in two ways are refused", arguments: ["--http1.1", "--http2"])
  func ambiguous(version: String) throws {
    let router = try router(routes: "{path: /a, to: other}")
    for target in [
      "/a/../b", "/a/..", "/./a", "/a/%2e%2e/b", "/a/.%2E/b", "//a", "/a//b", "/%61", "/a%2fb", "/a%2Fb", "/a%5cb",
      "/a%00", "/a%zz", "/v1%2e0", "/a/..;/b", "/.;x",
    ] {
      let answer = try router.curl(version, "https://localhost\(target)")
      #expect(answer.status == 400, "\(target): \(answer)")
    }
    #expect(first.events("request").isEmpty && second.events("request").isEmpty)
    for target in ["/a/..b", "/a;x/..b;y", "/a%20b", "/b?x=//../%2f"] {
      #expect(try router.curl(version, "https://localhost\(target)").status == 200, "\(target)")
    }
  }
}
