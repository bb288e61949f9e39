/// How often something may happen: `count` at once, and as many again in each interval.
package struct RateLimit: Hashable, Sendable {
  package var count: Int
  package var interval: Duration

  /// - Parameters: at least one, in an interval longer than zero; other values are taken as the nearest of these.
  package init(count: Int, per interval: Duration) {
    self.count = max(1, count)
    self.interval = max(.milliseconds(1), interval)
  }

  /// How long one takes to come back.
  var spacing: Duration { interval / count }
}

/// A limit for each of many keys, in bounded memory. Pure: the time is an argument.
///
/// Of each key only the time is kept at which its bucket is full again (GCRA, the generic cell rate algorithm). A bucket
/// that is full needs no memory at all. When there are more keys than may be, those go first that were not asked for
/// longest: keys live in two generations, and the older one is dropped when the younger one has grown to half of what
/// may be kept.
package struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
  private struct Bucket {
    /// When all that was taken has come back.
    var fullAt: Duration
    /// Until when refusals are only counted.
    var quietUntil: Duration?
    var uncounted = 0
  }

  private let limit: RateLimit
  private let mostKeys: Int
  private var young: [Key: Bucket] = [:]
  private var old: [Key: Bucket] = [:]

  package init(_ limit: RateLimit, mostKeys: Int = 65_536) {
    self.limit = limit
    self.mostKeys = max(2, mostKeys)
  }

  package var count: Int { young.count + old.count }

  /// Takes tokens if there are as many.
  /// - Parameter now: since any fixed moment; a monotonic clock, so that a clock set back shuts nobody out.
  package mutating func take(_ tokens: Int = 1, from key: Key, at now: Duration) -> RateVerdict {
    var bucket = bucket(key, now)
    defer { store(bucket, key) }
    let after = max(bucket.fullAt, now) + cost(tokens)
    guard after - now > limit.interval else {
      bucket.fullAt = after
      return .allowed
    }
    let wait = after - now - limit.interval
    return .refused(RateRefusal(retryAfter: wait, report: report(&bucket, now)))
  }

  /// Whether tokens could be taken, without taking them.
  package mutating func check(_ tokens: Int = 1, from key: Key, at now: Duration) -> RateVerdict {
    var bucket = bucket(key, now)
    let wait = max(bucket.fullAt, now) + cost(tokens) - now - limit.interval
    guard wait > .zero else { return .allowed }
    defer { store(bucket, key) }
    return .refused(RateRefusal(retryAfter: wait, report: report(&bucket, now)))
  }

  /// Takes tokens in any case, for something that turned out to be worth more than it paid. Nobody is shut out for
  /// longer than one interval by it.
  package mutating func charge(_ tokens: Int, to key: Key, at now: Duration) {
    var bucket = bucket(key, now)
    bucket.fullAt = min(max(bucket.fullAt, now) + cost(tokens), now + limit.interval * 2)
    store(bucket, key)
  }

  /// More than all tokens can't be paid, so that it costs all.
  private func cost(_ tokens: Int) -> Duration { limit.spacing * min(max(0, tokens), limit.count) }

  private func report(_ bucket: inout Bucket, _ now: Duration) -> RateRefusal.Report? {
    if let until = bucket.quietUntil, now < until {
      bucket.uncounted += 1
      return nil
    }
    defer {
      bucket.quietUntil = now + .seconds(60)
      bucket.uncounted = 0
    }
    return RateRefusal.Report(unreported: bucket.uncounted)
  }

  private func bucket(_ key: Key, _ now: Duration) -> Bucket { young[key] ?? old[key] ?? Bucket(fullAt: now) }

  private mutating func store(_ bucket: Bucket, _ key: Key) {
    if young[key] == nil, young.count >= mostKeys / 2 {
      old = young
      young = [:]
    } else {
      old[key] = nil
    }
    young[key] = bucket
  }
}

package enum RateVerdict: Hashable, Sendable {
  case allowed
  case refused(RateRefusal)
}

package struct RateRefusal: Hashable, Sendable {
  /// When it may be tried again.
  package var retryAfter: Duration
  /// There for the first refusal of a key in a minute: that one is worth an event, the others are counted.
  package var report: Report?

  package struct Report: Hashable, Sendable {
    /// How many refusals of the key went unreported since the last report.
    package var unreported: Int
  }

  /// For the Retry-After field (RFC 9110 §10.2.3): whole seconds, at least one.
  package var retryAfterSeconds: Int {
    Int(clamping: max(1, retryAfter.components.seconds + (retryAfter.components.attoseconds > 0 ? 1 : 0)))
  }
}
