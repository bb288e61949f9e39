import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("a flood of handshakes")
struct HandshakeFloodTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("echo", in: workspace)
  }

  private func router(limits: String) throws -> RunningRouter {
    try RunningRouter(OneListener(to: backend.port).with { $0.more = "limits: {\(limits)}" }.yaml, in: workspace)
  }

  @Test("another client is served beside 2,000 half-open connections and 500 with garbage")
  func halfOpen() throws {
    let router = try router(limits: "handshakeTimeout: 1h")
    let half = try router.start("slow", "--how", "half", "--count", "1000")
    let silent = try router.start("slow", "--how", "nothing", "--count", "1000")
    for flood in [half, silent] { #expect(try flood.wait(for: "open")[0].count == 1000) }
    let garbage = try router.start("slow", "--how", "garbage", "--count", "500")
    let answers = try router.exchanges(50, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    try garbage.wait(for: "end", count: 500)
    let later = try router.exchanges(50, as: "robot-2")
    #expect(later.allSatisfy { $0.outcome == "answered" }, "\(later)")
    #expect(half.events("end").isEmpty && silent.events("end").isEmpty)
    #expect(backend.events("cut").isEmpty)
  }

  @Test("clients without a certificate, again and again, keep nobody out")
  func refused() throws {
    let router = try router(limits: "connections: 1000")
    let flood = try router.start("load", "--count", "8")
    try router.waitForAccess { $0.outcome == "no-certificate" }
    let answers = try router.exchanges(50, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    flood.process.send(SIGTERM)
    let done = try flood.wait(for: "done")[0]
    #expect(done.count == 0 && (done.failures ?? 0) > 0, "\(done)")
  }

  @Test("more handshakes than handshakesPerSecond are turned away at once, and a moment later there is room again")
  func rate() throws {
    let router = try router(limits: "handshakesPerSecond: 3, handshakeTimeout: 1h")
    let flood = try router.start("slow", "--how", "nothing", "--count", "200")
    try flood.wait(for: "end", count: 100)
    let refused = try router.waitForAccess(count: 100) { $0.outcome == "handshakes-per-second" }
    #expect(refused.allSatisfy { $0.cluster == nil && $0.received == 0 })
    let end = Date().addingTimeInterval(180)
    while try router.exchange(as: "robot-1").outcome != "answered" {
      guard Date() < end else { throw Tool.Failure(description: "nobody is let in again:\n\(router.log)") }
    }
  }

  @Test("one identity's flood of connections leaves room for others")
  func identity() throws {
    let router = try router(limits: "perIdentity: 3, connections: 100")
    let greedy = try router.start("hold", as: "robot-1", "--count", "30")
    #expect(try greedy.wait(for: "open")[0].count == 3)
    #expect(greedy.events("end").count == 27)
    try router.waitForAccess(count: 27) { $0.outcome == "per-identity" && $0.subject?.contains("robot-1") == true }
    let others = try router.hold(3, as: "robot-2")
    for held in [greedy, others] {
      held.poke()
      try held.wait(for: "answer", count: 3)
    }
  }
}
