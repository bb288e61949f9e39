package import Enrolment
package import Foundation
import HTTPTypes
package import Ledger
package import Logging
import Synchronization

/// Who asks how often. What it counts is in memory only; of refusals, the first of a key in a minute is an event.
///
/// Three things are counted apart. An *address* pays for everything, and several times for what is refused. An
/// *identity* pays only for what it was admitted to: if strangers could use up its share by asking in its name, the limit
/// would be a weapon against the node that it protects. Attempts with a *password* are counted by the name that is
/// tried, from wherever they come, since whoever guesses may have many addresses; they shut that name out of nothing but
/// further attempts with a password.
package final class EnrolmentLimits: Sendable {
  /// What a refused request costs an address in all; one that isn't refused costs 1.
  package static let refusedCost = 5
  /// Attempts with the password of one name, if the configuration says nothing else.
  package static let passwordAttempts = RateLimit(count: 10, per: .seconds(60))

  private enum Key: Hashable {
    case address(ClientPrefix)
    case identity(NodeRecord.Key)
    case password(name: String)

    var label: String {
      switch self {
      case .address(let prefix): "\(prefix)"
      case .identity(let node): node.name
      // What somebody typed as a name may be a password.
      case .password: "passwords"
      }
    }
  }

  private struct State {
    var addresses: (limit: RateLimit, buckets: TokenBuckets<Key>)?
    var identities: (limit: RateLimit, buckets: TokenBuckets<Key>)?
    var passwords: (limit: RateLimit, buckets: TokenBuckets<Key>)?
    /// An attack from very many addresses is one thing to write down, not very many.
    var events = TokenBuckets<Int>(RateLimit(count: 60, per: .seconds(60)), mostKeys: 2)
  }

  private let state = Mutex(State())
  private let ledger: any EventLog
  private let logger: Logger
  private let uptime: @Sendable () -> Duration

  /// - Parameter uptime: a monotonic clock.
  package init(
    ledger: any EventLog, logger: Logger, uptime: @escaping @Sendable () -> Duration = EnrolmentLimits.systemUptime
  ) {
    self.ledger = ledger
    self.logger = logger
    self.uptime = uptime
  }

  package static let systemUptime: @Sendable () -> Duration = {
    let start = ContinuousClock.now
    return { start.duration(to: .now) }
  }()

  /// One request from an address.
  /// - Returns: the answer where there were too many.
  package func request(from source: String, _ limits: RateLimits, at now: Date) async -> Problem? {
    guard let limit = limits.perAddress else { return nil }
    return await take(\.addresses, limit, .address(ClientPrefix(source)), "limits.perAddress", source, now)
  }

  /// A request of an address was refused, and costs more than others.
  package func refused(from source: String, _ limits: RateLimits) {
    guard let limit = limits.perAddress else { return }
    let time = uptime()
    state.withLock { state in
      Self.renew(&state.addresses, limit)
      state.addresses?.buckets.charge(Self.refusedCost - 1, to: .address(ClientPrefix(source)), at: time)
    }
  }

  /// A certificate for an identity that was admitted.
  package func certificate(
    for node: NodeRecord.Key, from source: String, _ limits: RateLimits, at now: Date
  ) async -> Problem? {
    guard let limit = limits.perIdentity else { return nil }
    return await take(\.identities, limit, .identity(node), "limits.perIdentity", source, now)
  }

  /// An attempt with a password, right or wrong.
  package func passwordAttempt(
    name: String, from source: String, _ limits: RateLimits, at now: Date
  ) async -> Problem? {
    await take(
      \.passwords, limits.perIdentity ?? Self.passwordAttempts, .password(name: String(name.prefix(128))),
      "limits.perIdentity", source, now)
  }

  private func take(
    _ path: WritableKeyPath<State, (limit: RateLimit, buckets: TokenBuckets<Key>)?>, _ limit: RateLimit, _ key: Key,
    _ rule: String, _ source: String, _ now: Date
  ) async -> Problem? {
    let time = uptime()
    let (verdict, isEvent) = state.withLock { state -> (RateVerdict, Bool) in
      Self.renew(&state[keyPath: path], limit)
      let verdict = state[keyPath: path]?.buckets.take(from: key, at: time) ?? .allowed
      guard case .refused(let refusal) = verdict, refusal.report != nil else { return (verdict, false) }
      return (verdict, state.events.take(from: 0, at: time) == .allowed)
    }
    guard case .refused(let refusal) = verdict else { return nil }
    if isEvent { await record(key, rule, refusal, source, now) }
    return .rateLimited(retryAfter: refusal.retryAfterSeconds)
  }

  /// A limit that the configuration changed begins anew.
  private static func renew(_ kept: inout (limit: RateLimit, buckets: TokenBuckets<Key>)?, _ limit: RateLimit) {
    if kept?.limit != limit { kept = (limit, TokenBuckets(limit)) }
  }

  private func record(_ key: Key, _ rule: String, _ refusal: RateRefusal, _ source: String, _ now: Date) async {
    let entry = EventEntry(
      kind: EventKind(rawValue: "limit.exceeded"), actor: source, subject: key.label,
      detail: ["rule": rule, "unreported": "\(refusal.report?.unreported ?? 0)"])
    do {
      try await ledger.append(entry, at: now)
    } catch {
      logger.error(
        "an exceeded limit could not be recorded", metadata: ["error": "\(error.message)", "rule": "\(rule)"])
    }
  }
}

extension Problem {
  /// 429 (RFC 6585 §4) with Retry-After in seconds.
  package static func rateLimited(retryAfter seconds: Int) -> Problem {
    Problem(.rateLimited, .tooManyRequests, "Too many requests.", headers: [.retryAfter: "\(seconds)"])
  }

  /// 503 with Retry-After: there is more to do than can be done now.
  package static func busy(retryAfter seconds: Int) -> Problem {
    Problem(
      .unavailable, .serviceUnavailable, "The service is busy; try again later.", headers: [.retryAfter: "\(seconds)"])
  }
}
