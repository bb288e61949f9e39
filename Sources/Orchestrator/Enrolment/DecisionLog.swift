import Enrolment
package import Foundation
import Ledger
import Logging
import ServiceLifecycle
import Synchronization

/// Writes refusals into the chain of events, and counts them where they are too many. What is issued has its own event,
/// with the certificate. As a service it writes down each minute, and at the end, what was only counted.
package final class DecisionLog: Service {
  private let core: OrchestratorCore
  private let budget = Mutex(EventBudget())

  package init(core: OrchestratorCore) { self.core = core }

  /// - Parameter name: whom the request names; as unproven as the request.
  package func refused(_ refusal: Refusal, name: String?, source: String, at now: Date) async {
    let (counted, verdict) = budget.withLock { budget in
      (budget.turn(at: now), budget.spend(rule: refusal.rule, sender: source))
    }
    await write(counted, at: now)
    guard verdict == .write || refusal.isAlarm else { return }
    core.logger.log(
      level: refusal.isAlarm ? .warning : .info, "request refused",
      metadata: [
        "rule": "\(refusal.rule)", "cause": "\(refusal.cause)", "name": "\(name ?? "")", "source": "\(source)",
      ])
    await append(
      EventEntry(
        kind: refusal.isAlarm ? .supersededUsed : .requestRefused, actor: source, subject: Self.plain(name ?? ""),
        detail: ["rule": refusal.rule, "cause": Self.plain(refusal.cause)]), at: now)
  }

  package func run() async throws {
    await repeatedly(every: .seconds(EventBudget.window)) { [self] in
      let now = core.clock()
      await write(budget.withLock { $0.turn(at: now) }, at: now)
    }
    await flush()
  }

  /// Writes down what was only counted.
  package func flush() async {
    let now = core.clock()
    await write(budget.withLock { $0.turnNow(at: now) }, at: now)
  }

  private func write(_ counted: [String: Int], at now: Date) async {
    for (rule, count) in counted.sorted(by: { $0.key < $1.key }) {
      await append(
        EventEntry(kind: .requestRefused, actor: "service", subject: "", detail: ["rule": rule, "count": "\(count)"]),
        at: now)
    }
  }

  private func append(_ entry: EventEntry, at now: Date) async {
    do {
      try await core.ledger.append(entry, at: now)
    } catch {
      core.logger.error("a refusal could not be recorded", metadata: ["error": "\(error.message)"])
    }
  }

  /// What a stranger wrote, without what a record can't keep, and not too long.
  private static func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).filter { $0.value >= 0x20 && $0.value != 0x7f }))
  }
}
