import Foundation
import PKITestKit
import Testing

@Suite("connections spread over the workers")
struct ReuseTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
  }

  private func router(workers: Int) throws -> RunningRouter {
    let configuration = OneListener(to: backend.port).with { $0.top = "workers: \(workers)\nlog: {access: \"off\"}" }
    return try RunningRouter(configuration.yaml, in: workspace)
  }

  /// Nanoseconds that each of its threads has run.
  private func times(of router: RunningRouter) throws -> [String: Double] {
    let text = try workspace.bash(
      """
      for task in /proc/\(router.process.pid)/task/*; do
        read -r time _ <$task/schedstat && echo ${task##*/} $time
      done
      true
      """
    ).text
    let pairs = text.split(separator: "\n").map { $0.split(separator: " ") }
    return Dictionary(pairs.map { (String($0[0]), Double($0[1]) ?? 0) }, uniquingKeysWith: { $1 })
  }

  /// How long each thread ran for so many handshakes, the busiest first.
  private func spread(_ router: RunningRouter) throws -> [Double] {
    let before = try times(of: router)
    let answers = try router.exchanges(400, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" })
    return try times(of: router).map { $0.value - before[$0.key, default: 0] }.sorted(by: >)
  }

  @Test("two workers have a socket each on the same port, and each does its share")
  func two() throws {
    let router = try router(workers: 2)
    let sockets = try workspace.bash(
      "grep -c \"$(printf '0100007F:%04X 00000000:0000 0A' \(router.port()))\" /proc/net/tcp"
    ).text
    #expect(sockets == "2\n")
    let spread = try spread(router)
    #expect(spread[1] > spread[0] / 3, "\(spread)")
  }

  @Test("one worker does it alone: the measure tells both apart")
  func one() throws {
    let spread = try spread(router(workers: 1))
    #expect(spread[1] < spread[0] / 3, "\(spread)")
  }
}
