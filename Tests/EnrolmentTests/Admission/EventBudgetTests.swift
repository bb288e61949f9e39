import Enrolment
import Foundation
import Testing

@Suite("Events of refusals")
struct EventBudgetTests {
  @Test("a flood is counted by rule, and the next window begins anew")
  func flood() {
    var budget = EventBudget()
    let now = Date(timeIntervalSince1970: 1_000_000)
    #expect(budget.turn(at: now).isEmpty)
    let verdicts = (0..<10_000).map { _ in budget.spend(rule: "a", sender: "10.0.0.1") }
    #expect(verdicts.count { $0 == .write } == EventBudget.mostOfOne)
    #expect(budget.spend(rule: "b", sender: "10.0.0.1") == .write)
    #expect(budget.turn(at: now + 59).isEmpty)
    #expect(budget.turn(at: now + 60) == ["a": 10_000 - EventBudget.mostOfOne])
    #expect(budget.spend(rule: "a", sender: "10.0.0.1") == .write)
    #expect(budget.turn(at: now + 121).isEmpty)
  }

  @Test("many senders are counted as well, and rules without end have one name")
  func manySenders() {
    var budget = EventBudget()
    let verdicts = (0..<1000).map { budget.spend(rule: "rule \($0)", sender: "\($0)") }
    #expect(verdicts.count { $0 == .write } == EventBudget.most)
    let counted = budget.turnNow(at: .now)
    #expect(counted.values.reduce(0, +) == 1000 - EventBudget.most)
    #expect(counted.count <= 65)
  }

  @Test("a clock that is set back begins a window")
  func clock() {
    var budget = EventBudget()
    _ = budget.turn(at: Date(timeIntervalSince1970: 10_000))
    for _ in 0..<10 { _ = budget.spend(rule: "a", sender: "b") }
    #expect(budget.turn(at: Date(timeIntervalSince1970: 6_400)) == ["a": 5])
  }
}
