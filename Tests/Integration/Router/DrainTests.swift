import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("the router is told to stop")
struct DrainTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("echo", in: workspace)
  }

  private func router(drain: String) throws -> RunningRouter {
    try RunningRouter(OneListener(to: backend.port).with { $0.top = "drain: \(drain)" }.yaml, in: workspace)
  }

  /// From then on nobody is taken.
  private func waitUntilClosed(_ router: RunningRouter) throws {
    let end = Date().addingTimeInterval(180)
    while try router.exchange(as: "robot-2").outcome != "unreachable" {
      guard Date() < end else { throw Tool.Failure(description: "it still takes connections:\n\(router.log)") }
    }
  }

  @Test(
    "it takes no new connection, open ones go on until they are done, and then it ends", arguments: [SIGTERM, SIGINT])
  func drains(_ signal: Int32) throws {
    let router = try router(drain: "1h")
    let held = try router.hold(4, as: "robot-1")
    router.process.send(signal)
    try waitUntilClosed(router)
    #expect(router.process.isRunning)
    for round in 1...2 {
      held.poke()
      try held.wait(for: "answer", count: 4 * round)
    }
    #expect(held.events("end").isEmpty)
    held.process.send(SIGTERM)
    #expect(router.process.waitForExit(seconds: 180) == 0)
    #expect(router.accessLog.filter { $0.outcome == "finished" && $0.subject?.contains("robot-1") == true }.count == 4)
  }

  @Test("what isn't done when its time is over is ended, and the log says so")
  func deadline() throws {
    let router = try router(drain: "3s")
    let held = try router.hold(4, as: "robot-1")
    let begin = Date()
    #expect(router.stop() == 0)
    #expect(Date().timeIntervalSince(begin) >= 2.9)
    #expect(try held.wait(for: "end", count: 4).allSatisfy(\.wasCut))
    #expect(router.accessLog.filter { $0.outcome == "drained" }.count == 4)
  }

  @Test("with nobody there it ends at once")
  func idle() throws {
    let router = try router(drain: "1h")
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    try router.waitForAccess { $0.outcome == "finished" }
    #expect(router.stop() == 0)
  }

  @Test("who is in the midst of a handshake is served")
  func handshake() throws {
    let router = try RunningRouter(
      OneListener(to: backend.port).with {
        $0.top = "drain: 1h"
        $0.more = "limits: {handshakeTimeout: 5m}"
      }.yaml, in: workspace)
    let late = try router.start("late", as: "robot-1")
    try late.wait(for: "waiting")
    router.process.send(SIGTERM)
    try waitUntilClosed(router)
    late.poke()
    try late.wait(for: "answer")
    late.process.send(SIGTERM)
    #expect(router.process.waitForExit(seconds: 180) == 0)
  }
}
