import Foundation

/// The verdicts on chains that a worker met lately. Verifying one costs as much as a handshake's own cryptography, and
/// most clients come again and again with the same bytes.
struct VerdictCache {
  private struct Key: Hashable {
    let trust: UInt64
    let chain: ChainDigest
  }

  private static let capacity = 8192
  private var verdicts: [Key: PeerVerdict] = [:]

  /// - Returns: what is known about the chain, or is found out now.
  mutating func verdict(_ chain: PeerChain, by trust: PeerTrust, at now: Date) -> PeerVerdict {
    let key = Key(trust: trust.id, chain: chain.digest())
    if let known = verdicts[key], now < known.until { return known }
    return find(chain.copies, by: trust, key, at: now)
  }

  /// The verdict on the same chain by trust that has taken another's place.
  mutating func again(_ verdict: PeerVerdict, by trust: PeerTrust, at now: Date) -> PeerVerdict {
    let key = Key(trust: trust.id, chain: ChainDigest(of: verdict.chain))
    if let known = verdicts[key], now < known.until { return known }
    return find(verdict.chain, by: trust, key, at: now)
  }

  private mutating func find(_ chain: [[UInt8]], by trust: PeerTrust, _ key: Key, at now: Date) -> PeerVerdict {
    let verdict = trust.judge(chain, at: now)
    insert(verdict, key)
    return verdict
  }

  /// Forgets what was judged by trust that is out of use.
  mutating func keepOnly(_ trusts: Set<UInt64>) {
    verdicts = verdicts.filter { trusts.contains($0.key.trust) }
  }

  private mutating func insert(_ verdict: PeerVerdict, _ key: Key) {
    // Refusals are remembered in half of the room only: strangers shall not drive out those who belong here.
    if verdicts.count >= Self.capacity || (verdict.refusal != nil && verdicts.count >= Self.capacity / 2) {
      verdicts = verdicts.filter { $0.value.refusal == nil }
      if verdicts.count >= Self.capacity { verdicts.removeAll(keepingCapacity: true) }
    }
    verdicts[key] = verdict
  }
}
