import Credentials
import Foundation

/// The verdicts on chains that a worker met lately. Verifying one costs as much as a handshake's own cryptography, and
/// most clients come again and again with the same bytes.
///
/// Peers choose how large their chains are, so that the room is counted in bytes: 12 MiB for those who were accepted,
/// and 4 MiB for refusals. Strangers shall not drive out those who belong here.
struct VerdictCache {
  fileprivate struct Key: Hashable {
    let trust: UInt64
    let chain: ChainDigest
  }

  /// Bytes of a refused chain that is worth remembering. Who sends more, sends what no client does.
  private static let longestRefused = 8 << 10
  private var accepted = Generations(bytes: 6 << 20, count: 4096)
  private var refused = Generations(bytes: 2 << 20, count: 2048)

  /// - Returns: what is known about the chain, or is found out now.
  mutating func verdict(_ chain: PeerChain, by trust: PeerTrust, at now: Date) -> PeerVerdict {
    let key = Key(trust: trust.id, chain: chain.digest())
    return known(key, at: now) ?? find(chain.copies, by: trust, key, at: now)
  }

  /// The verdict on the same chain by trust that has taken another's place.
  mutating func again(_ verdict: PeerVerdict, by trust: PeerTrust, at now: Date) -> PeerVerdict {
    let key = Key(trust: trust.id, chain: ChainDigest(of: verdict.chain))
    return known(key, at: now) ?? find(verdict.chain, by: trust, key, at: now)
  }

  private mutating func known(_ key: Key, at now: Date) -> PeerVerdict? {
    refused.forget(after: PeerTrust.briefly, at: now)
    if let verdict = accepted.find(key, at: now) { return verdict }
    return refused.find(key, at: now)
  }

  private mutating func find(_ chain: [[UInt8]], by trust: PeerTrust, _ key: Key, at now: Date) -> PeerVerdict {
    let verdict = trust.judge(chain, at: now)
    if verdict.refusal == nil {
      accepted.insert(verdict, key)
    } else if !chain.isEmpty, chain.reduce(0, { $0 + $1.count }) <= Self.longestRefused {
      refused.insert(verdict, key)
    }
    return verdict
  }

  /// Forgets what was judged by trust that is out of use.
  mutating func keepOnly(_ trusts: Set<UInt64>) {
    accepted.keepOnly(trusts)
    refused.keepOnly(trusts)
  }

  var count: Int { accepted.count + refused.count }

  /// About how much memory it takes.
  var bytes: Int { accepted.bytes + refused.bytes }
}

/// Entries in two halves, by when they were of use last. When the young ones fill their half, they become the old ones,
/// and those that were old until then are forgotten: so the latest stay, and no event has to look at all entries.
private struct Generations {
  private struct Entry {
    let verdict: PeerVerdict
    let bytes: Int
  }

  /// What one half holds at the most.
  private let mostBytes: Int
  private let mostEntries: Int
  private var young: [VerdictCache.Key: Entry] = [:]
  private var old: [VerdictCache.Key: Entry] = [:]
  private var youngBytes = 0
  private var oldBytes = 0
  private var turned = Date.distantPast

  init(bytes: Int, count: Int) {
    mostBytes = bytes
    mostEntries = count
  }

  var count: Int { young.count + old.count }
  var bytes: Int { youngBytes + oldBytes }

  mutating func find(_ key: VerdictCache.Key, at now: Date) -> PeerVerdict? {
    if let entry = young[key] { return now < entry.verdict.until ? entry.verdict : nil }
    guard let entry = old[key], now < entry.verdict.until else { return nil }
    insert(entry, key)
    return entry.verdict
  }

  mutating func insert(_ verdict: PeerVerdict, _ key: VerdictCache.Key) {
    insert(Entry(verdict: verdict, bytes: verdict.bytes), key)
  }

  private mutating func insert(_ entry: Entry, _ key: VerdictCache.Key) {
    if let other = young.removeValue(forKey: key) { youngBytes -= other.bytes }
    if let other = old.removeValue(forKey: key) { oldBytes -= other.bytes }
    if youngBytes + entry.bytes > mostBytes || young.count >= mostEntries { turn() }
    young[key] = entry
    youngBytes += entry.bytes
  }

  private mutating func turn() {
    old = young
    oldBytes = youngBytes
    young = [:]
    youngBytes = 0
  }

  /// Forgets what has lain there for that long, within twice the time. To be called often: it mostly compares two dates.
  mutating func forget(after lifetime: TimeInterval, at now: Date) {
    let age = now.timeIntervalSince(turned)
    guard age < 0 || age >= lifetime else { return }
    turned = now
    // After twice the time nothing is young any more. By a clock that was set back nothing would ever grow old.
    if age < 0 || age >= 2 * lifetime { turn() }
    turn()
  }

  mutating func keepOnly(_ trusts: Set<UInt64>) {
    young = young.filter { trusts.contains($0.key.trust) }
    old = old.filter { trusts.contains($0.key.trust) }
    youngBytes = young.values.reduce(0) { $0 + $1.bytes }
    oldBytes = old.values.reduce(0) { $0 + $1.bytes }
  }
}

extension PeerVerdict {
  /// About how much memory it takes to remember it. A chain of short names takes many times its own length.
  fileprivate var bytes: Int {
    // The object, and its place in a table that is half empty.
    var sum = 512
    for certificate in chain { sum += certificate.count + 32 }
    if let peer { sum += peer.bytes }
    if let refusal { sum += refusal.bytes }
    return sum
  }
}

extension PeerIdentity {
  fileprivate var bytes: Int {
    let alone = [fingerprint, subject, issuer, serial]
    var sum = ipAddresses.count * 64
    for texts in [alone, commonNames, organizations, dnsNames, addresses, uris, issuerCommonNames] {
      sum += memory(of: texts)
    }
    return sum
  }
}

extension PeerRefusal {
  fileprivate var bytes: Int {
    guard case .chain(let rejection) = cause else { return 0 }
    return rejection.message.utf8.count + memory(of: rejection.first.names)
  }
}

extension Reason {
  /// The lists of names in it, which are as long as a peer makes them.
  fileprivate var names: [String] {
    switch self {
    case .nameMismatch(_, let names), .nameConstraint(_, let names), .extendedKeyUsage(_, let names): names
    default: []
    }
  }
}

/// A text of up to 15 bytes lies in its array, which may have room for twice as many; a longer one by itself.
private func memory(of texts: [String]) -> Int {
  var sum = 0
  for text in texts {
    let count = text.utf8.count
    sum += count > 15 ? count + 64 : 32
  }
  return sum
}
