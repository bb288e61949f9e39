import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("the service manager hears how the router is")
struct ServiceManagerTests {
  let workspace: Workspace
  let manager: NotifySocket

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    manager = try NotifySocket(workspace.file("notify"))
    try workspace.write(OneListener(to: 9).with { $0.top = "workers: 2" }.yaml, to: "router.yaml")
  }

  private func next() throws -> String { try #require(manager.next(milliseconds: 180_000)) }

  @Test("it serves, reloads, and stops")
  func states() throws {
    let router = try workspace.start(
      ["NOTIFY_SOCKET=\(manager.name)", "countersign", "router", "run", "--config", "router.yaml"])
    #expect(try next() == "READY=1\nSTATUS=serving")
    router.send(SIGHUP)
    #expect(try next().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
    #expect(try next() == "READY=1\nSTATUS=serving")
    try workspace.write("listeners: [", to: "router.yaml")
    router.send(SIGHUP)
    #expect(try next().hasPrefix("RELOADING=1"))
    #expect(try next() == "READY=1\nSTATUS=serving; the last reload changed nothing")
    router.send(SIGTERM)
    #expect(try next() == "STOPPING=1\nSTATUS=stopping")
    #expect(router.waitForExit(seconds: 180) == 0)
  }

  @Test("the watchdog is told that it lives, again and again; for another process it isn't")
  func watchdog() throws {
    let router = try workspace.start([
      "NOTIFY_SOCKET=\(manager.name)", "WATCHDOG_USEC=400000", "countersign", "router", "run", "--config",
      "router.yaml",
    ])
    var alive = 0
    while alive < 3 { if try next() == "WATCHDOG=1" { alive += 1 } }
    router.send(SIGSTOP)
    // What was said before it was stopped.
    while manager.next(milliseconds: 2000) != nil {}
    router.send(SIGCONT)
    while try next() != "WATCHDOG=1" {}
    router.send(SIGTERM)
    #expect(router.waitForExit(seconds: 180) == 0)
    while manager.next(milliseconds: 100) != nil {}

    let other = try workspace.start([
      "NOTIFY_SOCKET=\(manager.name)", "WATCHDOG_USEC=400000", "WATCHDOG_PID=1", "countersign", "router", "run",
      "--config", "router.yaml",
    ])
    #expect(try next().hasPrefix("READY=1"))
    #expect(manager.next(milliseconds: 1500) == nil)
    #expect(other.isRunning)
  }
}
