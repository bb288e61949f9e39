import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("two programs share a port")
struct SharedPortTests {
  let workspace: Workspace
  let backend: Peer
  let port: Int

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
    port = try ServerProcess.freePort()
  }

  private func yaml(on address: String) -> String {
    OneListener(to: backend.port).with { $0.top = "drain: 5m" }.yaml
      .replacing("listen: 127.0.0.1:0", with: "listen: \(address)")
  }

  private var warning: String {
    "\"level\":\"warning\",\"message\":\"another program listens on 127.0.0.1:\(port) too, and gets a part"
  }

  @Test("the second router says so, and both serve")
  func second() throws {
    let first = try RunningRouter(yaml(on: "127.0.0.1:\(port)"), in: workspace)
    let second = try RunningRouter(yaml(on: "127.0.0.1:\(port)"), in: workspace)
    #expect(second.log.contains(warning), "\(second.log)")
    #expect(!first.log.contains("another program"), "\(first.log)")
    #expect(try first.exchanges(8, as: "robot-1").allSatisfy { $0.outcome == "answered" })
  }

  @Test("so does one that takes the address at a reload")
  func reloaded() throws {
    let first = try RunningRouter(yaml(on: "127.0.0.1:\(port)"), in: workspace)
    // With a router.yaml of its own.
    let second = try RunningRouter(yaml(on: "127.0.0.1:0"), in: Workspace.forRouter(clients: ["robot-1"]))
    #expect(!second.log.contains("another program"), "\(second.log)")
    #expect(try second.reload(yaml(on: "127.0.0.1:\(port)")).contains("reloaded"))
    #expect(second.log.contains(warning), "\(second.log)")
    #expect(first.process.isRunning)
  }

  @Test("its own sockets, old connections and a router that has ended are no other program")
  func own() throws {
    let first = try RunningRouter(yaml(on: "127.0.0.1:\(port)"), in: workspace)
    #expect(try first.exchange(as: "robot-1").outcome == "answered")
    let held = try first.hold(as: "robot-1")
    #expect(try first.reload().contains("reloaded"))
    let renamed = yaml(on: "127.0.0.1:\(port)").replacing("name: in\n", with: "name: other\n")
    #expect(try first.reload(renamed).contains("reloaded"))
    #expect(try first.reload(yaml(on: "0.0.0.0:\(port)")).contains("reloaded"))
    #expect(!first.log.contains("another program"), "\(first.log)")
    // It takes nobody any more, and still has the connection that is open.
    first.process.send(SIGTERM)
    try waitUntil("it takes nobody any more") { try first.exchange(as: "robot-1").outcome == "unreachable" }
    let second = try RunningRouter(yaml(on: "127.0.0.1:\(port)"), in: workspace)
    #expect(!second.log.contains("another program"), "\(second.log)")
    #expect(held.events("end").isEmpty)
  }
}
