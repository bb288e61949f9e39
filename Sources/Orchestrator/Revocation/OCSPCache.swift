import Foundation
import Synchronization

/// Signed answers, by the bytes of the question, as many as fit.
///
/// Two generations stand in for the order of use: what was asked for lately is in the younger one, and when that is full,
/// the older one is forgotten as a whole.
final class OCSPCache: Sendable {
  struct Entry: Sendable {
    var document: PublishedDocument
    var thisUpdate: Date
    /// From then on it is signed anew, while the old one is still valid.
    var renewal: Date
    var status: String
    var certificate: KnownRevocations.Key
  }

  private struct State {
    var young: [[UInt8]: Entry] = [:]
    var old: [[UInt8]: Entry] = [:]
    /// The questions about a certificate: one for each hash that clients use.
    var questions: [KnownRevocations.Key: Set<[UInt8]>] = [:]
  }

  private let state = Mutex(State())
  private let limit: Int
  private let revocations: KnownRevocations

  /// - Parameter limit: how many answers are kept; each takes about a kilobyte.
  init(limit: Int, revocations: KnownRevocations) {
    self.limit = max(2, limit)
    self.revocations = revocations
    revocations.onRevocation { [weak self] in self?.forget($0) }
  }

  func entry(_ question: [UInt8], at now: Date) -> Entry? {
    state.withLock { state in
      if let entry = state.young[question] { return Self.isUsable(entry, now) ? entry : nil }
      guard let entry = state.old[question], Self.isUsable(entry, now) else { return nil }
      insert(entry, question, &state)
      return entry
    }
  }

  /// - Parameter isGood: whether the answer says that the certificate isn't revoked. If it has become known meanwhile that
  ///   it is, the answer isn't kept.
  func keep(_ entry: Entry, for question: [UInt8], isGood: Bool) {
    state.withLock { state in
      // Whoever revokes makes it known first and calls forget then: one of the two sees the other.
      if isGood, revocations.contains(entry.certificate) { return }
      insert(entry, question, &state)
    }
  }

  var count: Int { state.withLock { $0.young.count + $0.old.count } }

  private func insert(_ entry: Entry, _ question: [UInt8], _ state: inout State) {
    if state.young.count >= limit / 2 {
      for (question, entry) in state.old where state.young[question] == nil {
        state.questions[entry.certificate]?.remove(question)
        if state.questions[entry.certificate]?.isEmpty == true { state.questions[entry.certificate] = nil }
      }
      state.old = state.young
      state.young = [:]
    }
    state.old[question] = nil
    state.young[question] = entry
    state.questions[entry.certificate, default: []].insert(question)
  }

  private func forget(_ certificate: KnownRevocations.Key) {
    state.withLock { state in
      for question in state.questions.removeValue(forKey: certificate) ?? [] {
        state.young[question] = nil
        state.old[question] = nil
      }
    }
  }

  private static func isUsable(_ entry: Entry, _ now: Date) -> Bool { entry.thisUpdate <= now && now < entry.renewal }
}
