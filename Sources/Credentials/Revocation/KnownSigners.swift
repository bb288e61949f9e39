import Synchronization
import X509

/// Which keys signed a revocation list and which did not, as far as that was asked. All copies of the list share it.
///
/// A signature over a long list takes milliseconds, because all of the list is hashed. Whoever holds a thousand peers
/// against the same list would pay that a thousand times.
final class KnownSigners: Sendable {
  /// An issuer has few keys. More than these are checked each time, so that nobody fills memory with keys.
  private static let capacity = 16
  private let answers = Mutex<[Certificate.PublicKey: Bool]>([:])

  /// Who asks while somebody else finds out waits for the answer: both would take as long, but not as much work.
  func isSigned(by key: Certificate.PublicKey, _ check: () -> Bool) -> Bool {
    answers.withLock { answers in
      if let known = answers[key] { return known }
      let answer = check()
      if answers.count < Self.capacity { answers[key] = answer }
      return answer
    }
  }
}

/// Only remembered to save work: a list is the same with and without it.
extension KnownSigners: Hashable {
  static func == (left: KnownSigners, right: KnownSigners) -> Bool { true }

  func hash(into hasher: inout Hasher) {}
}
