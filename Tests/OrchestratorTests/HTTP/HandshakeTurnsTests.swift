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
    let soon = turns.beginsAtOnce(at: now + .milliseconds(2))
    #expect(!soon)
    let later = turns.beginsAtOnce(at: now + .milliseconds(5))
    #expect(later)
  }

  @Test("networks take turns, and one that comes newly hardly waits")
  func networks() {
    var turns = HandshakeTurns()
    var order: [String] = []
    for number in 1...3 {
      for network in [2, 3] as [UInt8] {
        turns.append({ order.append("\(network): \(number)") }, from: [127, 0, 0, network])
      }
    }
    for _ in 0..<3 { turns.next()?() }
    turns.append({ order.append("new") }, from: [127, 0, 0, 1])
    while let begin = turns.next() { begin() }
    #expect(order == ["2: 1", "2: 2", "3: 1", "2: 3", "new", "3: 2", "3: 3"])
  }

  @Test("newcomers without end keep nobody waiting for ever")
  func newcomers() {
    var turns = HandshakeTurns()
    var order: [String] = []
    for number in 1...3 { turns.append({ order.append("patient \(number)") }, from: [127, 0, 0, 1]) }
    for network in 2...20 as ClosedRange<UInt8> {
      turns.append({ order.append("new") }, from: [127, 0, 0, network])
    }
    while let begin = turns.next() { begin() }
    #expect(order.prefix(6).filter { $0.hasPrefix("patient") } == ["patient 1", "patient 2", "patient 3"])
  }
}
