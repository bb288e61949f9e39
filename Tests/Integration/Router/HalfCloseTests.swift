import Foundation
import PKITestKit
import Testing

@Suite("one side ends and the other goes on")
struct HalfCloseTests {
  let workspace: Workspace

  init() throws { workspace = try .forRouter(clients: ["robot-1"]) }

  private func router(to backend: Peer) throws -> RunningRouter {
    try RunningRouter(OneListener(to: backend.port).yaml, in: workspace)
  }

  @Test("a client that has said all still gets its answer", arguments: [1, 16])
  func client(mebibytes: Int) throws {
    let backend = try Peer.backend("count", in: workspace)
    let router = try router(to: backend)
    let words = router.client("half-close", as: "robot-1", on: "in", ["--mib", "\(mebibytes)"])
    for _ in 1...5 {
      let told = try Peer.run(words, in: workspace)
      #expect(told.last?.outcome == "answered" && told.last?.detail == "\(mebibytes << 20) bytes", "\(told)")
    }
    let lines = try router.waitForAccess(count: 5) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.received == mebibytes << 20 })
  }

  @Test("a backend that has sent all still gets what the client says", arguments: [1, 16])
  func backend(mebibytes: Int) throws {
    let backend = try Peer.backend("send", "--mib", "\(mebibytes)", in: workspace)
    let router = try router(to: backend)
    for round in 1...5 {
      let told = try Peer.run(router.client("drink", as: "robot-1", on: "in", ["--mib", "3"]), in: workspace)
      let sent = try backend.wait(for: "sent", count: round)
      let received = try backend.wait(for: "received", count: round)
      #expect(told.first?.count == mebibytes << 20)
      #expect(told.first?.detail != nil && told.first?.detail == sent.last?.detail)
      #expect(received.last?.count == 3 << 20)
    }
  }

  @Test("a backend that answers and ends is heard to its end")
  func answer() throws {
    let backend = try Peer.backend("once-echo", in: workspace)
    let router = try router(to: backend)
    let answers = try router.exchanges(20, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    // Each waits for its end, which may come in the same instant as the answer.
    let ended = try Peer.run(router.client("to-the-end", as: "robot-1", on: "in", ["--count", "20"]), in: workspace)
    #expect(ended.count == 20 && ended.allSatisfy { $0.outcome == "answered" && $0.detail == "hello" }, "\(ended)")
  }
}
