import Crypto
package import Enrolment
package import Foundation
import Synchronization

/// The nonces of this process. Its key is random and never stored: a nonce dies with the process, and another
/// orchestrator doesn't take it. Its client asks again.
package final class NonceBook: Sendable {
  private let nonces: Mutex<RenewalNonces>

  package init(mostUsed: Int = 65_536) {
    nonces = Mutex(RenewalNonces(key: SymmetricKey(size: .bits256), mostUsed: mostUsed))
  }

  package func issue(at now: Date) -> String {
    let random = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
    return nonces.withLock { $0.issue(random: random, at: now) }
  }

  /// - Throws: ``LateRenewalError``.
  package func check(_ nonce: [UInt8], at now: Date) throws(LateRenewalError) {
    try nonces.withLock { nonces throws(LateRenewalError) in try nonces.check(nonce, at: now) }
  }

  /// - Throws: ``LateRenewalError``.
  package func redeem(_ nonce: [UInt8], at now: Date) throws(LateRenewalError) {
    try nonces.withLock { nonces throws(LateRenewalError) in try nonces.redeem(nonce, at: now) }
  }
}
