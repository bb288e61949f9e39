package import Foundation

/// How many refusals are written down one by one: a flood of them is counted instead, by rule, so that it can neither
/// fill the disk nor hide in it. Bounded in memory.
package struct EventBudget: Sendable {
  /// Refusals of one sender by one rule in a window.
  package static let mostOfOne = 5
  /// All refusals in a window.
  package static let most = 120
  package static let window: TimeInterval = 60
  /// Rules that are counted apart.
  private static let mostRules = 64

  private var start = Date.distantPast
  private var written = 0
  private var bySender: [String: Int] = [:]
  private var uncounted: [String: Int] = [:]

  package init() {}

  package enum Verdict: Hashable, Sendable { case write, count }

  /// Whether this refusal is written down by itself.
  package mutating func spend(rule: String, sender: String) -> Verdict {
    let key = "\(rule)\n\(sender)"
    if written < Self.most, bySender[key, default: 0] < Self.mostOfOne {
      written += 1
      bySender[key, default: 0] += 1
      return .write
    }
    let rule = uncounted[rule] != nil || uncounted.count < Self.mostRules ? rule : "other"
    uncounted[rule, default: 0] += 1
    return .count
  }

  /// Begins a new window where the last is over.
  /// - Returns: how many were only counted in it, by rule.
  package mutating func turn(at now: Date) -> [String: Int] {
    // A clock that was set back begins a window as well.
    guard abs(now.timeIntervalSince(start)) >= Self.window else { return [:] }
    return turnNow(at: now)
  }

  package mutating func turnNow(at now: Date) -> [String: Int] {
    defer {
      start = now
      written = 0
      bySender = [:]
      uncounted = [:]
    }
    return uncounted
  }
}
