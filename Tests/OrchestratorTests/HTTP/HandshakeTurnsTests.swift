import NIOCore
import Testing

@testable import Orchestrator

@Suite("handshakes take turns")
struct HandshakeTurnsTests {
  @Test("some begin without waiting, and again a moment later")
  func atOnce() {
    var turns = HandshakeTurns()
    let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    let first = (0..<HandshakeTurns.atOnce).map { _ in turns.beginsAtOnce(at: now) }
    #expect(first.allSatisfy { $0 })
    let soon = turns.beginsAtOnce(at: now + .milliseconds(1))
    #expect(!soon)
    let later = turns.beginsAtOnce(at: now + .milliseconds(3))
    #expect(later)
  }

  @Test("a network with many waits for one with few after each of its own")
  func networks() {
    var turns = HandshakeTurns()
    var order: [String] = []
    for number in 1...3 { turns.append({ order.append("flood \(number)") }, from: [127, 0, 0, 2]) }
    turns.append({ order.append("other") }, from: [127, 0, 0, 1])
    while let begin = turns.next() { begin() }
    #expect(order == ["flood 1", "other", "flood 2", "flood 3"])
  }
}
