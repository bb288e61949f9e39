import Credentials
package import Foundation
import Synchronization
package import TLSRuntime

/// Judges client certificates by the trust in force, the time, and what is revoked. A certificate is verified once;
/// after that, as long as the trust stays the same, only its time and its revocation are looked at.
package final class LivePeerAdmission: PeerAdmission {
  /// What is remembered: at most twice this many certificates.
  private static let generationSize = 4096

  private static let longestChain = 8

  private struct State {
    var trust: PeerTrust
    var recent: [Fingerprint: AdmittedPeer] = [:]
    var older: [Fingerprint: AdmittedPeer] = [:]
    /// Counts changes of trust, so that what was verified under the old trust is not remembered under the new.
    var epoch = 0

    mutating func find(_ key: Fingerprint) -> AdmittedPeer? {
      if let peer = recent[key] { return peer }
      guard let peer = older[key] else { return nil }
      remember(peer, as: key)
      return peer
    }

    mutating func remember(_ peer: AdmittedPeer, as key: Fingerprint) {
      if recent.count >= LivePeerAdmission.generationSize {
        older = recent
        recent = [:]
      }
      recent[key] = peer
    }
  }

  private let state: Mutex<State>
  private let revocations: KnownRevocations
  private let clock: @Sendable () -> Date

  package init(_ trust: PeerTrust, revocations: KnownRevocations, clock: @escaping @Sendable () -> Date) {
    state = Mutex(State(trust: trust))
    self.revocations = revocations
    self.clock = clock
  }

  /// Puts other trust in force. Connections that are open are the registry's to judge again: ``readmit(_:)``.
  package func replace(_ trust: PeerTrust) {
    state.withLock { $0 = State(trust: trust, epoch: $0.epoch + 1) }
  }

  package func refusal(of chain: [[UInt8]]) -> PeerRefusal? {
    guard let leaf = chain.first else { return PeerRefusal(.malformed, "no certificate") }
    let key = Fingerprint(of: leaf)
    if let known = state.withLock({ $0.find(key) }) { return known.refusal(at: clock(), revocations) }
    guard case .failure(let refusal) = judge(chain.prefix(Self.longestChain).map(CertificateInput.init(der:)), as: key)
    else { return nil }
    return refusal
  }

  package func admit(_ leaf: [UInt8]) -> Result<AdmittedPeer, PeerRefusal> {
    let key = Fingerprint(of: leaf)
    if let known = state.withLock({ $0.find(key) }) {
      return known.refusal(at: clock(), revocations).map { .failure($0) } ?? .success(known)
    }
    // Forgotten, or verified under trust that was replaced in the middle of the handshake.
    return judge([CertificateInput(der: leaf)], as: key)
  }

  /// Whether a client that was let in earlier would be let in now.
  func readmit(_ peer: AdmittedPeer) -> Bool {
    let chain = [CertificateInput](peer.path)
    guard case .success(let again) = judge(chain, as: Fingerprint(of: peer.identity.der)) else { return false }
    return again.identity.origin == peer.identity.origin
  }

  private func judge(_ chain: [CertificateInput], as key: Fingerprint) -> Result<AdmittedPeer, PeerRefusal> {
    let now = clock()
    let (trust, epoch) = state.withLock { ($0.trust, $0.epoch) }
    return trust.judge(chain, at: now).flatMap { peer in
      state.withLock { if $0.epoch == epoch { $0.remember(peer, as: key) } }
      return peer.refusal(at: now, revocations).map { .failure($0) } ?? .success(peer)
    }
  }
}
