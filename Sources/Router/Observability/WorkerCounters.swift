/// What one worker has counted. Belongs to its thread; others get copies.
final class WorkerCounters {
  private(set) var listeners: [String: ListenerCounters] = [:]
  private(set) var clusters: [String: ClusterCounters] = [:]

  func listener(_ name: String) -> ListenerCounters {
    if let known = listeners[name] { return known }
    let new = ListenerCounters()
    listeners[name] = new
    return new
  }

  func cluster(_ name: String) -> ClusterCounters {
    if let known = clusters[name] { return known }
    let new = ClusterCounters()
    clusters[name] = new
    return new
  }
}

final class ListenerCounters {
  var accepted = 0
  var open = 0
  var received = 0
  var sent = 0
  private(set) var handshakes = 0
  private(set) var resumed = 0
  private(set) var handshakeTime = Histogram()
  /// Connections that were ended before they were served, by reason.
  private(set) var refusals: [String: Int] = [:]
  /// Connections that ended, by the reason.
  private(set) var ends: [String: Int] = [:]
  private(set) var identities: [String: IdentityCounters] = [:]
  private(set) var decisions: [RuleDecision: Int] = [:]
  /// Requests by their answers' status, for HTTP.
  private(set) var requests: [Int: Int] = [:]
  private(set) var requestTime = Histogram()

  private static let mostIdentities = 500

  func completed(in microseconds: Int64, resumed isResumed: Bool) {
    handshakes += 1
    if isResumed { resumed += 1 }
    handshakeTime.add(microseconds)
  }

  func answered(_ status: Int, in microseconds: Int64) {
    requests[status, default: 0] += 1
    requestTime.add(microseconds)
  }

  /// - Parameter rule: nil where none was found.
  func decided(_ rule: String?, isAllowed: Bool) {
    decisions[RuleDecision(rule: rule ?? "", isAllowed: isAllowed), default: 0] += 1
  }

  /// A client is let in.
  /// - Returns: what it counts as from now on; nil where it is nobody.
  func begins(_ label: String?) -> String? {
    guard let label else { return nil }
    // More identities than these are counted as one: each is a line in what is scraped.
    let key = identities[label] == nil && identities.count >= Self.mostIdentities ? "other" : label
    identities[key, default: IdentityCounters()].begins()
    return key
  }

  func refuse(_ reason: String) { refusals[reason, default: 0] += 1 }

  /// - Parameter identity: what it counted as.
  func ended(_ end: ConnectionEnd, _ facts: ConnectionFacts, as identity: String?) {
    open -= 1
    received += facts.received
    sent += facts.sent
    if facts.wasServed { ends[end.code, default: 0] += 1 } else { refuse(end.code) }
    if let identity { identities[identity]?.ends(facts) }
  }
}

/// What the rules said of a connection or a request.
struct RuleDecision: Hashable {
  /// Empty where no rule matched.
  let rule: String
  let isAllowed: Bool
}

struct IdentityCounters {
  private(set) var open = 0
  private(set) var connections = 0
  private(set) var received = 0
  private(set) var sent = 0

  mutating func begins() { open += 1 }

  mutating func ends(_ facts: ConnectionFacts) {
    open -= 1
    connections += 1
    received += facts.received
    sent += facts.sent
  }
}

final class ClusterCounters {
  var open = 0
  var connected = 0
  var ejected = 0
  /// From backends and to them, in the clear.
  var received = 0
  var sent = 0
  var connectTime = Histogram()
  private(set) var failures: [String: Int] = [:]

  func fail(_ reason: String) { failures[reason, default: 0] += 1 }
}

/// How long things took, in buckets of microseconds.
struct Histogram {
  static let bounds: [Int64] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
  ]
  /// One for each bound, and one for all above.
  private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  private(set) var sum: Int64 = 0

  mutating func add(_ microseconds: Int64) {
    counts[Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count] += 1
    sum += microseconds
  }

  mutating func add(_ other: Histogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    sum += other.sum
  }
}
