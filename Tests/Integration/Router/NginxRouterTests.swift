import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("nginx, which demands certificates, behind the router")
struct NginxRouterTests {
  let workspace: Workspace
  let nginx: Nginx
  let server: BackgroundProcess

  init() throws {
    workspace = try .forRouter(clients: ["robot-1", "edge"])
    try workspace.bash("countersign issue backend.example.org --profile server -o pki --quiet")
    nginx = try Nginx(as: "backend.example.org", in: workspace)
    server = try nginx.start()
  }

  private static let identity = "identity: {cert: pki/edge.crt, key: pki/edge.key}"

  /// - Parameters:
  ///   - tls: more of the cluster's `tls`.
  ///   - cluster: lines of the cluster.
  ///   - routes: of the listener, which may lead to `plain`, nginx without TLS.
  private func yaml(
    to endpoints: [Int]? = nil, tls: String = identity, cluster: String = "", routes: String = ""
  ) -> String {
    let configuration = OneListener(to: (endpoints ?? [nginx.secure]).map { "127.0.0.1:\($0)" }).with {
      $0.more = "protocol: http\n    routes: [\(routes)]"
      $0.cluster = "tls: {trust: pki/ca.crt, name: backend.example.org, \(tls)}\n    \(cluster)"
      // Connections to backends are a worker's own.
      $0.top = "workers: 1"
    }
    return configuration.yaml + "  - {name: plain, endpoints: [\"127.0.0.1:\(nginx.plain)\"]}\n"
  }

  /// What nginx says of a request.
  private func facts(_ router: RunningRouter, _ version: String) throws -> [String: String] {
    let answer = try router.curl(version, "https://localhost/")
    #expect(answer.status == 200, "\(answer)")
    return Nginx.facts(answer)
  }

  // MARK: Requests

  @Test("it sees the router's certificate, and reads of the client's", arguments: ["--http1.1", "--http2"])
  func served(version: String) throws {
    let router = try RunningRouter(yaml(), in: workspace)
    let answer = try router.curl(version, "-H", "Host: api.example.org", "https://localhost/pets?size=1")
    #expect(answer.status == 200 && answer.version == (version == "--http2" ? "2" : "1.1"), "\(answer)")
    let facts = Nginx.facts(answer)
    #expect(facts["peer"] == "CN=edge" && facts["tls"] == "TLSv1.3", "\(facts)")
    #expect(facts["host"] == "api.example.org" && facts["target"] == "/pets?size=1", "\(facts)")
    let hash = try workspace.bash("openssl x509 -in pki/robot-1.crt -outform DER | sha256sum").text.prefix(64)
    let certificate = facts["certificate"]?.split(separator: ";").map(String.init) ?? []
    #expect(certificate.contains("Hash=\(hash)") && certificate.contains("Subject=\"CN=robot-1\""), "\(facts)")
    #expect(facts["for"] == "127.0.0.1")
    let older = yaml(tls: "\(Self.identity), min: \"1.2\", max: \"1.2\"")
    #expect(try router.reload(older).contains("reloaded"))
    let facts12 = try self.facts(router, version)
    #expect(facts12["peer"] == "CN=edge" && facts12["tls"] == "TLSv1.2", "\(facts12)")
  }

  @Test("hosts and paths lead to its ports", arguments: ["--http1.1", "--http2"])
  func routed(version: String) throws {
    let router = try RunningRouter(
      yaml(routes: "{host: \"*.example\", path: /pets, to: plain}, {path: /open/, to: plain}"), in: workspace)
    for (host, target, port) in [
      ("a.example", "/pets/1", nginx.plain), ("a.example", "/petshop", nginx.secure), ("b.org", "/open/1", nginx.plain),
      ("b.org", "/pets/1", nginx.secure),
    ] {
      let answer = try router.curl(version, "-H", "Host: \(host)", "https://localhost\(target)")
      let facts = Nginx.facts(answer)
      #expect(answer.status == 200 && facts["port"] == "\(port)" && facts["host"] == host, "\(target): \(facts)")
      #expect(facts["peer"] == (port == nginx.secure ? "CN=edge" : ""), "\(facts)")
    }
  }

  @Test("bodies go there and come back whole, with a length or in chunks", arguments: ["--http1.1", "--http2"])
  func bodies(version: String) throws {
    let router = try RunningRouter(yaml(), in: workspace)
    try workspace.bash("head -c 3000000 /dev/urandom >big")
    for (field, framing) in [
      ("X-Nothing: there", "length=3000000"), ("Transfer-Encoding: chunked", "encoding=chunked"),
    ] {
      let url = "https://localhost/files/\(framing.prefix(3))"
      let put = try router.curl(version, "-D", "head", "-H", field, "-T", "big", url)
      #expect(put.status == 201, "\(put)")
      #expect(try workspace.text("head").lowercased().contains(framing))
      for target in [url, url.replacing("/files/", with: "/chunked/")] {
        let got = try router.curl(version, "-D", "head", "-o", "got", target)
        #expect(got.status == 200 && got.exit == 0, "\(got)")
        try workspace.bash("cmp big got && rm got")
        let head = try workspace.text("head").lowercased()
        #expect(head.contains("content-length: 3000000") == target.contains("/files/"), "\(head)")
        if version == "--http1.1" {
          #expect(head.contains("transfer-encoding: chunked") == target.contains("/chunked/"), "\(head)")
        }
      }
    }
  }

  @Test("its connection is kept, and the next client's request takes it")
  func kept() throws {
    let router = try RunningRouter(yaml(), in: workspace)
    let first = try facts(router, "--http1.1")
    #expect(first["requests"] == "1", "\(first)")
    for (number, version) in ["--http2", "--http1.1", "--http2"].enumerated() {
      let next = try facts(router, version)
      #expect(next["connection"] == first["connection"] && next["requests"] == "\(number + 2)", "\(next)")
    }
  }

  // MARK: It goes away

  @Test("it is started anew, and no client sees that")
  func restarted() throws {
    let router = try RunningRouter(yaml(), in: workspace)
    #expect(try facts(router, "--http2")["requests"] == "1")
    #expect(try facts(router, "--http2")["requests"] == "2")
    var server = server
    for _ in 1...3 {
      server.send(SIGTERM)
      #expect(server.waitForExit(seconds: 60) == 0)
      server = try nginx.start()
      for version in ["--http1.1", "--http2"] {
        #expect(try facts(router, version)["requests"] == (version == "--http2" ? "2" : "1"))
      }
    }
  }

  @Test("while it is away a request is 502, health checks see it go and come, and the log says so")
  func away() throws {
    let checks = "health: {kind: http, path: /, every: 1s, timeout: 60s, healthyAfter: 1, unhealthyAfter: 1}"
    let router = try RunningRouter(yaml(cluster: checks), in: workspace)
    #expect(try router.curl("--http2", "https://localhost/").status == 200)
    server.send(SIGKILL)
    #expect(server.waitForExit(seconds: 60) != nil)
    let answer = try router.curl("--http2", "https://localhost/gone")
    #expect(answer.status == 502, "\(answer)")
    let line = try requests(router) { $0.path == "/gone" }
    #expect(line.status == 502 && line.reason?.contains("Connection refused") == true, "\(line)")
    try wait(for: "back: 127.0.0.1:\(nginx.secure) is unhealthy", in: router)
    let again = try nginx.start()
    try wait(for: "back: 127.0.0.1:\(nginx.secure) is healthy again", in: router)
    #expect(try router.curl("--http2", "https://localhost/").status == 200)
    again.send(SIGTERM)
  }

  @Test("it dies with a request: another endpoint answers what may be repeated, and nothing else")
  func dies() throws {
    let others = try Nginx(as: "backend.example.org", in: workspace)
    let other = try others.start()
    let router = try RunningRouter(yaml(to: [nginx.secure, others.secure]), in: workspace)
    var (all, running) = ([nginx, others], [server, other])
    let cases: [([String], String)] = [([], "200"), (["-d", "some"], "502")]
    for (flags, status) in cases {
      // Where the latest request went there is a connection that the next may take.
      _ = try facts(router, "--http1.1")
      let port = try facts(router, "--http1.1")["port"]
      let index = try #require(all.firstIndex { "\($0.secure)" == port })
      running[index].send(SIGSTOP)
      let client = try stuck(at: all[index], router, flags)
      running[index].send(SIGKILL)
      #expect(client.waitForExit(seconds: 240) == 0)
      #expect(client.output.hasSuffix(status), "\(flags): \(client.output)")
      running[index] = try all[index].start()
    }
  }

  /// A client whose request lies unread at this nginx.
  private func stuck(at nginx: Nginx, _ router: RunningRouter, _ flags: [String]) throws -> BackgroundProcess {
    let words = [
      "timeout", "-k", "5", "180", "curl", "-s", "--noproxy", "*", "--cacert", "pki/ca.crt", "--cert",
      "pki/robot-1.crt", "--key", "pki/robot-1.key", "-o", "body", "-w", "%{http_code}",
    ]
    // One that another endpoint has answered doesn't count.
    for number in 1...10 {
      let client = try BackgroundProcess(
        ["env"] + workspace.environment + words + flags + ["https://127.0.0.1:\(router.port())/"], in: workspace.path,
        log: workspace.directory.file("client-\(nginx.secure)-\(number).log"))
      while client.isRunning {
        if try nginx.hasUnread() { return client }
        Thread.sleep(forTimeInterval: 0.02)
      }
    }
    throw Tool.Failure(description: "no request comes to port \(nginx.secure):\n\(router.log)")
  }

  // MARK: Certificates

  @Test(
    "what it shows isn't right: 502 without a request to it, and the log says why",
    arguments: [
      ("elsewhere.example.org", "elsewhere.example.org"), ("old", "expired"), ("foreign", "Other Root CA"),
    ])
  func untrusted(identity: String, reason: String) throws {
    try workspace.bash(
      """
      countersign issue elsewhere.example.org --profile server -o pki --quiet
      countersign issue old --dns backend.example.org --profile server --lifetime 1s -o pki --quiet
      countersign --home other ca create --name "Other Root CA" --no-passphrase --quiet
      countersign --home other issue foreign --dns backend.example.org --profile server -o other-pki --quiet
      mv other-pki/foreign.* pki/
      while openssl x509 -in pki/old.crt -noout -checkend 0 >/dev/null; do sleep 0.1; done
      """)
    let wrong = try Nginx(as: identity, in: workspace)
    let server = try wrong.start()
    let router = try RunningRouter(yaml(to: [wrong.secure]), in: workspace)
    for version in ["--http1.1", "--http2"] {
      #expect(try router.curl(version, "https://localhost/\(version)").status == 502)
      let line = try requests(router) { $0.path == "/\(version)" }
      #expect(line.status == 502 && line.cluster == "back" && line.reason?.contains(reason) == true, "\(line)")
    }
    #expect(try wrong.requests() == 0)
    server.send(SIGTERM)
  }

  @Test("a router that shows nothing gets nginx's refusal, and so does the client")
  func without() throws {
    let router = try RunningRouter(yaml(tls: "min: \"1.3\""), in: workspace)
    let answer = try router.curl("--http2", "https://localhost/")
    #expect(answer.status == 400 && answer.body.contains("No required SSL certificate was sent"), "\(answer)")
    #expect(try requests(router) { $0.path == "/" }.status == 400)
  }

  // MARK: Logs

  /// A line of the access log for a request.
  private struct RequestLine: Decodable {
    var path: String
    var status: Int
    var reason: String?
    var cluster: String?
  }

  /// Waits for the line of such a request.
  private func requests(_ router: RunningRouter, where condition: (RequestLine) -> Bool) throws -> RequestLine {
    let end = Date().addingTimeInterval(180)
    while Date() < end {
      let lines = try workspace.bash("cat access-*.log").text.split(separator: "\n")
      let found = lines.compactMap { try? JSONDecoder().decode(RequestLine.self, from: Data($0.utf8)) }
      if let line = found.first(where: condition) { return line }
      Thread.sleep(forTimeInterval: 0.05)
    }
    throw Tool.Failure(description: "the access log lacks such a request:\n\(router.log)")
  }

  private func wait(for message: String, in router: RunningRouter) throws {
    let end = Date().addingTimeInterval(180)
    while !router.log.contains(message) {
      guard Date() < end else { throw Tool.Failure(description: "the log lacks \"\(message)\":\n\(router.log)") }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }
}
