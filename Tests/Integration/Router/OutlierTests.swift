import Foundation
import PKITestKit
import Testing

@Suite("an endpoint that can't be reached is left out for a while")
struct OutlierTests {
  let workspace: Workspace
  let admin: AdminClient

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    admin = AdminClient(workspace: workspace)
  }

  private func router(to backends: [Peer], _ cluster: String) throws -> RunningRouter {
    try RunningRouter(
      OneListener(to: backends.map { "127.0.0.1:\($0.port)" }).with {
        $0.top = "admin: admin.sock\nworkers: 2"
        $0.cluster = cluster
      }.yaml, in: workspace)
  }

  private func turn(_ backend: Peer, _ state: String) throws {
    let before = backend.events(state).count
    backend.poke()
    try backend.wait(for: state, count: before + 1)
  }

  private func isAnswered(_ router: RunningRouter) throws -> Bool {
    try router.exchange(as: "robot-1").outcome == "answered"
  }

  @Test("after so many failures in a row: clients notice nothing, and log and metrics say so")
  func ejected() throws {
    let off = try Peer.backend("switched-off", in: workspace)
    let on = try Peer.backend("switched", in: workspace)
    let router = try router(to: [off, on], "outlier: {failures: 3, for: 1h}")
    let answers = try router.exchanges(12, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    #expect(try admin.endpoint(off.port).isEjected)
    #expect(try !admin.endpoint(on.port).isEjected)
    // Well or ill is what health checks say.
    #expect(try admin.endpoint(off.port).isHealthy)
    let note = "back: 127.0.0.1:\(off.port) is left out for a while: connect: Connection refused"
    try router.process.wait(for: note)
    #expect(router.lines(note) == 1, "\(router.log)")
    let metrics = try admin.metrics()
    #expect(metrics.value("backend_failures_total", ["cluster": "back", "reason": "connect"]) == 3)
    #expect(metrics.value("backend_ejections_total", ["cluster": "back"]) == 1)
    #expect(metrics.value("backend_connections_total", ["cluster": "back"]) == 12)
    for (backend, value) in [(off, 0.0), (on, 1.0)] {
      let labels = ["cluster": "back", "endpoint": "127.0.0.1:\(backend.port)"]
      #expect(metrics.value("backend_healthy", labels) == value)
    }
    // Nobody asks how it is meanwhile.
    try turn(off, "on")
    #expect(try router.exchanges(6, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(off.events("taken").isEmpty && on.events("taken").count == 18)
  }

  @Test("it is asked again when the time is over, and not before")
  func returns() throws {
    let off = try Peer.backend("switched-off", in: workspace)
    let on = try Peer.backend("switched", in: workspace)
    let router = try router(to: [off, on], "outlier: {failures: 1, for: 6s}")
    let begin = Date()
    #expect(try router.exchanges(2, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(try admin.metrics().value("backend_ejections_total", ["cluster": "back"]) == 1)
    try turn(off, "on")
    try waitUntil("it serves") {
      _ = try router.exchanges(2, as: "robot-1")
      return !off.events("taken").isEmpty
    }
    // Whatever the machine is doing: it was left out after the beginning.
    #expect(Date().timeIntervalSince(begin) >= 6)
    #expect(try !admin.endpoint(off.port).isEjected)
  }

  @Test("a success in between makes a fresh start")
  func inARow() throws {
    let backend = try Peer.backend("switched", in: workspace)
    let router = try router(to: [backend], "retries: 0\n    outlier: {failures: 2, for: 1h}")
    for _ in 1...2 {
      try turn(backend, "off")
      #expect(try !isAnswered(router))
      try turn(backend, "on")
      #expect(try isAnswered(router))
    }
    #expect(try !admin.endpoint(backend.port).isEjected)
    try turn(backend, "off")
    for _ in 1...2 { #expect(try !isAnswered(router)) }
    #expect(try admin.endpoint(backend.port).isEjected)
    #expect(try admin.metrics().value("backend_ejections_total", ["cluster": "back"]) == 1)
  }

  @Test("where all are left out, they are tried")
  func noneLeft() throws {
    let backends = try (1...2).map { _ in try Peer.backend("switched-off", in: workspace) }
    let router = try router(to: backends, "outlier: {failures: 1, for: 1h}")
    #expect(try !isAnswered(router))
    for backend in backends { #expect(try admin.endpoint(backend.port).isEjected) }
    try turn(backends[0], "on")
    // Whichever has its turn, the other is tried next.
    for _ in 1...4 { #expect(try isAnswered(router)) }
    #expect(backends[0].events("taken").count == 4)
  }

  @Test("a connection that isn't made in time, or whose TLS fails, is a failure like another")
  func otherFailures() throws {
    try workspace.bash("countersign issue elsewhere.example.org --profile server -o pki --quiet")
    let unreachable = try Peer.backend("full", in: workspace)
    let stranger = try Peer.backend("echo", "--identity", "elsewhere.example.org", in: workspace)
    let router = try router(
      to: [unreachable, stranger],
      "connectTimeout: 10s\n    tls: {trust: pki/ca.crt, name: localhost}\n    outlier: {failures: 1, for: 1h}")
    #expect(try !isAnswered(router))
    for backend in [unreachable, stranger] { #expect(try admin.endpoint(backend.port).isEjected) }
    let failures = try admin.metrics().values("backend_failures_total", by: "reason", where: ["cluster": "back"])
    #expect(failures == ["timeout": 1, "name-mismatch": 1])
    try router.process.wait(for: "127.0.0.1:\(unreachable.port) is left out for a while: no connection in time")
  }
}
