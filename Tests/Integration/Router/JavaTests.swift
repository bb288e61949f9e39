import Foundation
import PKITestKit
import Testing

/// JavaPeer.java, compiled once for all tests.
private final class JavaClasses: Sendable {
  static let shared = Result { try JavaClasses() }

  let directory: TemporaryDirectory

  private init() throws {
    directory = try TemporaryDirectory()
    let source = Workspace.sources.appendingPathComponent("Router/peers/JavaPeer.java").path
    try Tool.require("javac", ["-d", directory.path, source])
  }
}

@Suite("Java's own TLS on either side of the router")
struct JavaTests {
  let workspace: Workspace
  private let classes: JavaClasses

  init() throws {
    classes = try JavaClasses.shared.get()
    workspace = try .forRouter(clients: ["robot-1", "edge"])
    // The password is the one that JavaPeer.java knows.
    try workspace.bash(
      """
      countersign issue backend.example.org --profile server -o pki --quiet
      countersign --home other ca create --name "Other Root CA" --no-passphrase --quiet
      countersign --home other issue stranger --profile client -o other-pki --quiet
      mv other-pki/stranger.* pki/
      printf changeit >pass
      for name in robot-1 stranger backend.example.org; do
        countersign convert pki/$name.key pki/$name.crt -o pki/$name.p12 --out-password-file pass --quiet
      done
      countersign trust add pki/trust.p12 pki/ca.crt --password-file pass --quiet
      """)
  }

  /// For `env`: runs JavaPeer.java.
  private func java(_ command: String, _ words: [String]) -> [String] {
    workspace.environment + ["java", "-cp", classes.directory.path, "JavaPeer", command, "pki/trust.p12"] + words
  }

  // MARK: A server

  /// A server of Java's own that demands certificates, once it listens.
  private func backend() throws -> (process: BackgroundProcess, port: Int) {
    let process = try BackgroundProcess(
      ["env"] + java("serve", ["pki/backend.example.org.p12"]), in: workspace.path,
      log: workspace.directory.file("java.log"))
    let end = Date().addingTimeInterval(180)
    while true {
      let listening = Told.lines(process.output).first { $0.event == "listening" }
      if let port = listening?.port { return (process, port) }
      guard Date() < end, process.isRunning else {
        throw Tool.Failure(description: "Java doesn't listen:\n\(process.output)")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  private func yaml(to port: Int, tls: String) -> String {
    """
    listeners:
      - {name: tunnel, listen: "127.0.0.1:0", to: back}
      - {name: web, listen: "127.0.0.1:0", protocol: http, to: back}
    clusters:
      - name: back
        endpoints: ["127.0.0.1:\(port)"]
        # Java's first handshake loads its classes.
        connectTimeout: 2m
        tls: {trust: pki/ca.crt, name: backend.example.org, \(tls)}

    """
  }

  /// Asks without TLS.
  private func get(_ router: RunningRouter, on listener: String) throws -> Tool.Output {
    try Tool.run(
      "curl", ["-s", "-m", "180", "--noproxy", "*", "http://127.0.0.1:\(router.port(of: listener))/"])
  }

  @Test("it demands a certificate and is shown the router's", arguments: ["1.2", "1.3"])
  func served(version: String) throws {
    let backend = try backend()
    let identity = "identity: {cert: pki/edge.crt, key: pki/edge.key}"
    let router = try RunningRouter(
      yaml(to: backend.port, tls: "\(identity), min: \"\(version)\", max: \"\(version)\""), in: workspace)
    for listener in ["tunnel", "web"] {
      let answer = try get(router, on: listener)
      #expect(answer.text == "CN=edge", "\(listener): \(answer.text) \(router.log)")
    }
    let seen = Told.lines(backend.process.output).filter { $0.event == "client" }
    #expect(seen.count == 2 && seen.allSatisfy { $0.detail == "CN=edge" && $0.version == "TLSv\(version)" }, "\(seen)")
  }

  @Test("it refuses a router without identity, and the log says with which alert", arguments: ["1.2", "1.3"])
  func refuses(version: String) throws {
    let backend = try backend()
    let router = try RunningRouter(
      yaml(to: backend.port, tls: "min: \"\(version)\", max: \"\(version)\""), in: workspace)
    #expect(try get(router, on: "tunnel").text.isEmpty)
    let line = try router.waitForAccess { $0.listener == "tunnel" }[0]
    #expect(line.outcome == "backend-alert" && line.reason?.contains("bad_certificate") == true, "\(line)")
    let answer = try get(router, on: "web")
    #expect(answer.text.contains("\"status\":502"), "\(answer.text)")
    func told() -> [Told] { Told.lines(backend.process.output).filter { $0.event != "listening" } }
    // It tells of a client once that one has heard the alert.
    try waitUntil("it tells of both") { told().count >= 2 }
    #expect(told().allSatisfy { $0.detail?.contains("Empty client certificate chain") == true }, "\(told())")
  }

  // MARK: A client

  /// Its first handshake loads its classes.
  private static let patience = "limits: {handshakeTimeout: 5m}"

  /// Runs a client to its end.
  /// - Parameter version: of TLS for `socket`, of HTTP for `http`.
  private func run(
    _ command: String, as identity: String?, _ router: RunningRouter, count: Int = 1, _ version: String,
    _ more: String...
  ) throws -> [Told] {
    let store = identity.map { "pki/\($0).p12" } ?? "none"
    let words = java(command, [store, "\(router.port())", "\(count)", version] + more)
    let told = Told.lines(
      try Tool.require("timeout", ["-k", "5", "300", "env"] + words, in: workspace.directory.url).text)
    guard told.count == count else { throw Tool.Failure(description: "\(told.count) of \(count) answers: \(told)") }
    return told
  }

  @Test("it is served, and its sessions are resumed", arguments: ["TLSv1.2", "TLSv1.3"])
  func sockets(version: String) throws {
    let echo = try Peer.backend("echo", in: workspace)
    let router = try RunningRouter(
      OneListener(to: echo.port).with { $0.more = "tls: {min: \"1.2\"}\n    \(Self.patience)" }.yaml, in: workspace)
    let told = try run("socket", as: "robot-1", router, count: 3, version)
    #expect(told.allSatisfy { $0.outcome == "answered" && $0.version == version }, "\(told)")
    let lines = try router.waitForAccess(count: 3) { $0.outcome == "finished" }
    #expect(lines.filter { $0.resumed == true }.count == 2, "\(lines)")
    #expect(lines.allSatisfy { $0.subject == "CN=robot-1" && $0.rule == "allow[0] any" }, "\(lines)")
  }

  @Test("its HTTP client is served, and its sessions are resumed", arguments: ["HTTP_1_1", "HTTP_2"])
  func requests(version: String) throws {
    let web = try Peer.backend("web", in: workspace)
    let configuration = OneListener(to: web.port).with {
      $0.more = "protocol: http\n    \(Self.patience)"
      $0.top = "admin: router.sock"
    }
    let router = try RunningRouter(configuration.yaml, in: workspace)
    let told = try run("http", as: "robot-1", router, count: 3, version)
    for answer in told {
      #expect(answer.outcome == "200" && answer.version == version, "\(answer)")
      let echoed = try JSONDecoder().decode(WebAnswer.Echoed.self, from: Data((answer.detail ?? "").utf8))
      #expect(echoed.method == "POST" && echoed.target == "/java" && echoed.count == 1_000_000, "\(echoed)")
      #expect(echoed.values("x-forwarded-client-cert").first?.contains("Subject=\"CN=robot-1\"") == true, "\(echoed)")
    }
    // Connections of HTTP have no lines in the access log.
    let metrics = try workspace.bash("curl -s --unix-socket router.sock http://router/metrics").text
    #expect(metrics.contains("countersign_router_handshakes_completed_total{listener=\"in\"} 3\n"), "\(metrics)")
    #expect(metrics.contains("countersign_router_handshakes_resumed_total{listener=\"in\"} 2\n"), "\(metrics)")
  }

  @Test(
    "without a certificate, or with one of a foreign authority, it is refused, and the log says why",
    arguments: [("socket", "TLSv1.2"), ("socket", "TLSv1.3"), ("http", "HTTP_1_1"), ("http", "HTTP_2")])
  func refused(command: String, version: String) throws {
    let web = try Peer.backend("web", in: workspace)
    let protocolName = command == "http" ? "http" : "tcp"
    let router = try RunningRouter(
      OneListener(to: web.port).with {
        $0.more = "protocol: \(protocolName)\n    tls: {min: \"1.2\"}\n    \(Self.patience)"
      }.yaml, in: workspace)
    #expect(try run(command, as: nil, router, version)[0].outcome == "refused")
    try router.waitForAccess(count: 1) { $0.outcome == "no-certificate" }
    // Java looks at the authorities that the router asks for, and doesn't show what is of none of them.
    #expect(try run(command, as: "stranger", router, version)[0].outcome == "refused")
    try router.waitForAccess(count: 2) { $0.outcome == "no-certificate" }
    #expect(try run(command, as: "stranger", router, version, "insist")[0].outcome == "refused")
    let line = try router.waitForAccess { $0.outcome == "unknown-issuer" }[0]
    #expect(line.subject == "CN=stranger" && line.reason?.contains("Other Root CA") == true, "\(line)")
    #expect(router.accessLog.allSatisfy { $0.cluster == nil } && web.events("request").isEmpty)
  }
}
