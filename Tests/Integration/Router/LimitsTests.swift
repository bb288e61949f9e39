import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("limits of a listener")
struct LimitsTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("echo", in: workspace)
  }

  private func configuration(_ limits: String) -> OneListener {
    OneListener(to: backend.port).with {
      $0.more = "limits: {\(limits)}"
      // A limit is one for all workers.
      $0.top = "workers: 4"
    }
  }

  /// Waits until somebody is let in.
  private func waitForRoom(_ router: RunningRouter, as identity: String) throws {
    let end = Date().addingTimeInterval(180)
    while try router.exchange(as: identity).outcome != "answered" {
      guard Date() < end else { throw Tool.Failure(description: "there is no room:\n\(router.log)") }
    }
  }

  @Test("no more connections at once than connections, whoever comes; those who are in go on")
  func connections() throws {
    let router = try RunningRouter(configuration("connections: 5").yaml, in: workspace)
    let first = try router.hold(4, as: "robot-1")
    let second = try router.start("hold", as: "robot-2", "--count", "10")
    #expect(try second.wait(for: "open")[0].count == 1)
    #expect(second.events("end").count == 9)
    first.poke()
    try first.wait(for: "answer", count: 4)
    first.process.send(SIGTERM)
    try waitForRoom(router, as: "robot-2")
  }

  @Test("no more connections of one identity than perIdentity, others aren't touched")
  func perIdentity() throws {
    let router = try RunningRouter(configuration("perIdentity: 2").yaml, in: workspace)
    let first = try router.start("hold", as: "robot-1", "--count", "8")
    #expect(try first.wait(for: "open")[0].count == 2)
    let other = try router.hold(2, as: "robot-2")
    let lines = try router.waitForAccess(count: 6) { $0.outcome == "per-identity" }
    #expect(lines.allSatisfy { $0.subject?.contains("robot-1") == true && $0.cluster == nil })
    first.process.send(SIGTERM)
    try waitForRoom(router, as: "robot-1")
    other.poke()
    try other.wait(for: "answer", count: 2)
  }

  @Test("what is counted is given back, however connections end")
  func givenBack() throws {
    let limits = configuration("perIdentity: 3, connections: 20, handshakeTimeout: 5s")
    let router = try RunningRouter(limits.yaml, in: workspace)
    for _ in 1...3 {
      let slow = try router.start("slow", "--how", "half", "--count", "5")
      _ = try router.exchanges(5, ["--silent"])
      try slow.wait(for: "end", count: 5)
      let held = try router.hold(3, as: "robot-1")
      held.process.send(SIGKILL)
      #expect(held.process.waitForExit(seconds: 60) != nil)
      try waitForRoom(router, as: "robot-1")
    }
    // Each time three that were held, and one that was let in.
    try router.waitForAccess(count: 12) { $0.cluster == "back" }
    let held = try router.hold(3, as: "robot-1")
    #expect(held.events("end").isEmpty)
  }

  @Test("a limit that is changed on SIGHUP counts who is in already")
  func reloaded() throws {
    let router = try RunningRouter(configuration("connections: 10").yaml, in: workspace)
    let held = try router.hold(4, as: "robot-1")
    #expect(try router.reload(configuration("connections: 4").yaml).contains("reloaded"))
    #expect(try router.exchange(as: "robot-2").wasCut)
    #expect(try router.reload(configuration("connections: 5").yaml).contains("reloaded"))
    #expect(try router.exchange(as: "robot-2").outcome == "answered")
    held.poke()
    try held.wait(for: "answer", count: 4)
  }
}
