import Foundation
import PKITestKit
import Testing

@Suite("endpoints are probed")
struct HealthCheckTests {
  let workspace: Workspace
  let admin: AdminClient

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    try workspace.bash("countersign issue backend.example.org --dns localhost --profile server -o pki --quiet")
    admin = AdminClient(workspace: workspace)
  }

  /// Nothing is tried twice: who is served, was sent to an endpoint that is well.
  /// - Parameter timeout: long enough that on a busy machine nobody is ill who answers at all.
  private func configuration(
    to backends: [Peer], health: String, timeout: String = "60s", more: String = ""
  ) -> OneListener {
    let counts = "every: 1s, timeout: \(timeout), healthyAfter: 2, unhealthyAfter: 2"
    return OneListener(to: backends.map { "127.0.0.1:\($0.port)" }).with {
      $0.top = "admin: admin.sock\nworkers: 2"
      $0.cluster = "retries: 0\n    health: {\(health), \(counts)}\n    \(more)"
    }
  }

  /// Waits until it counts as well, or as ill.
  private func found(_ backend: Peer, isHealthy: Bool) throws {
    try waitUntil("\(backend.port) is \(isHealthy ? "" : "un")healthy") {
      try admin.endpoint(backend.port).isHealthy == isHealthy
    }
    let labels = ["cluster": "back", "endpoint": "127.0.0.1:\(backend.port)"]
    #expect(try admin.metrics().value("backend_healthy", labels) == (isHealthy ? 1 : 0))
  }

  private func turn(_ backend: Peer, _ state: String) throws {
    let before = backend.events(state).count
    backend.poke()
    try backend.wait(for: state, count: before + 1)
  }

  @Test(
    "one that fails gets nothing, the others serve, and it comes back when it is well again",
    arguments: [
      ("tcp", "switched", ""),
      ("tls", "switched --identity backend.example.org", "tls: {trust: pki/ca.crt, name: localhost}"),
    ])
  func recovers(kind: String, command: String, more: String) throws {
    // A backend with TLS that is off takes connections, but no handshake succeeds.
    let words = command.split(separator: " ").map(String.init)
    let backends = try (1...2).map { _ in try Peer(words, in: workspace) }
    for backend in backends { try backend.wait(for: "listening") }
    let (ailing, well) = (backends[0], backends[1])
    let router = try RunningRouter(
      configuration(to: backends, health: "kind: \(kind)", more: more).yaml, in: workspace)
    #expect(try router.exchanges(4, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(backends.map { $0.events("taken").count } == [2, 2])
    try turn(ailing, "off")
    try found(ailing, isHealthy: false)
    #expect(try admin.endpoint(well.port).isHealthy)
    // How a handshake ends that nobody answers depends on what the kernel had taken already.
    let reason = kind == "tcp" ? "connect: Connection refused" : ""
    try router.process.wait(for: "back: 127.0.0.1:\(ailing.port) is unhealthy: \(reason)")
    #expect(try router.exchanges(6, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(backends.map { $0.events("taken").count } == [2, 8])
    try turn(ailing, "on")
    try found(ailing, isHealthy: true)
    try router.process.wait(for: "back: 127.0.0.1:\(ailing.port) is healthy again")
    #expect(try router.exchanges(4, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(backends.map { $0.events("taken").count } == [4, 10])
  }

  /// Which backend answers so many requests.
  private func answering(_ router: RunningRouter, _ count: Int = 6) throws -> [Int] {
    try (1...count).map { _ in try router.curl("https://localhost/").echoed().port }
  }

  @Test("with http, an answer of another status is no health", arguments: ["tcp", "http"])
  func status(spoken: String) throws {
    let backends = try (1...2).map { _ in try Peer.backend("ailing", in: workspace) }
    let router = try RunningRouter(
      configuration(to: backends, health: "kind: http, path: /health").with {
        // Each worker keeps connections of its own: so all requests find the same.
        $0.top = "admin: admin.sock\nworkers: 1"
        $0.more = "protocol: \(spoken)"
      }.yaml, in: workspace)
    #expect(try Set(answering(router)) == Set(backends.map(\.port)))
    try turn(backends[0], "off")
    try found(backends[0], isHealthy: false)
    try router.process.wait(for: "\(backends[0].port) is unhealthy: status 503, and 200 is wanted")
    #expect(try Set(answering(router)) == [backends[1].port])
    try turn(backends[0], "on")
    try found(backends[0], isHealthy: true)
    #expect(try Set(answering(router)) == Set(backends.map(\.port)))
  }

  @Test("a status that is listed is health, and probes are no traffic")
  func listed() throws {
    let backend = try Peer.backend("ailing", in: workspace)
    let health = "kind: http, path: /health, status: [200, 503]"
    let router = try RunningRouter(configuration(to: [backend], health: health).yaml, in: workspace)
    try turn(backend, "off")
    try waitUntil("it was probed") { backend.events("probe").filter { $0.count == 503 }.count >= 5 }
    #expect(try admin.endpoint(backend.port).isHealthy)
    #expect(!router.log.contains("unhealthy"))
    let counts = try admin.metrics()
    #expect((counts.value("backend_connections_total", ["cluster": "back"]) ?? 0) == 0)
  }

  @Test("where none is well, all are tried")
  func noneLeft() throws {
    let backends = try (1...2).map { _ in try Peer.backend("ailing", in: workspace) }
    let router = try RunningRouter(
      configuration(to: backends, health: "kind: http, path: /health").yaml, in: workspace)
    for backend in backends { try turn(backend, "off") }
    for backend in backends { try found(backend, isHealthy: false) }
    #expect(try Set(answering(router)) == Set(backends.map(\.port)))
  }

  @Test("one that says nothing in time fails; where a connection is enough, it needn't", arguments: ["tcp", "http"])
  func silent(kind: String) throws {
    let unreachable = try Peer.backend("full", in: workspace)
    let silent = try Peer.backend("stall", in: workspace)
    let well = try Peer.backend("ailing", in: workspace)
    let configuration = configuration(to: [silent, unreachable, well], health: "kind: \(kind)", timeout: "4s")
    let router = try RunningRouter(configuration.yaml, in: workspace)
    try found(unreachable, isHealthy: false)
    try router.process.wait(for: "\(unreachable.port) is unhealthy: no connection within 4s")
    if kind == "http" {
      try found(silent, isHealthy: false)
      try router.process.wait(for: "\(silent.port) is unhealthy: no answer within 4s")
    }
    // All are probed at once: when one has failed, the others were asked as often.
    #expect(try admin.endpoint(silent.port).isHealthy == (kind == "tcp"))
    #expect(try admin.endpoint(well.port).isHealthy)
    #expect(!router.log.contains("127.0.0.1:\(well.port) is unhealthy"))
  }

  @Test("what is known of an endpoint outlasts a reload")
  func reloaded() throws {
    let backends = try (1...3).map { _ in try Peer.backend("ailing", in: workspace) }
    let two = configuration(to: Array(backends.prefix(2)), health: "kind: http, path: /health")
    let router = try RunningRouter(two.yaml, in: workspace)
    try turn(backends[0], "off")
    try found(backends[0], isHealthy: false)
    let three = configuration(to: backends, health: "kind: http, path: /health")
    for yaml in [two.yaml, three.yaml] {
      #expect(try router.reload(yaml).contains("reloaded"))
      #expect(try admin.endpoint(backends[0].port).isHealthy == false)
    }
    #expect(try Set(answering(router)) == Set(backends.dropFirst().map(\.port)))
  }

  @Test("a backend that speaks HTTP/2 is asked by HTTP/2, and only the answers that are said count")
  func http2() throws {
    let nginx = try Nginx(as: "localhost", in: workspace)
    let server = try nginx.start()
    let probes = "every: 1s, timeout: 60s, healthyAfter: 1, unhealthyAfter: 1"
    func yaml(_ path: String) -> String {
      OneListener(to: nginx.http2).with {
        $0.top = "admin: admin.sock"
        $0.more = "protocol: http"
        $0.cluster = "protocol: http2\n    health: {kind: http, path: \(path), \(probes)}"
      }.yaml
    }
    let router = try RunningRouter(yaml("/here"), in: workspace)
    let before = try nginx.requests()
    try waitUntil("it is asked") { try nginx.requests() > before + 1 }
    #expect(try admin.endpoint(nginx.http2).isHealthy)
    #expect(try router.reload(yaml("/files/none")).contains("reloaded"))
    try waitUntil("404 is an illness") { try !admin.endpoint(nginx.http2).isHealthy }
    try router.process.wait(for: "is unhealthy: status 404, and 200 is wanted")
    #expect(try router.reload(yaml("/here")).contains("reloaded"))
    try waitUntil("it is well again") { try admin.endpoint(nginx.http2).isHealthy }
    #expect(server.isRunning && router.process.isRunning)
  }
}
