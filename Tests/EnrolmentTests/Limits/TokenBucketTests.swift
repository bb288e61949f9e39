import Enrolment
import Testing

@Suite("Rate limits")
struct TokenBucketTests {
  private let limit = RateLimit(count: 10, per: .seconds(60))

  private func allowed(_ verdict: RateVerdict) -> Bool { verdict == .allowed }

  @Test("ten at once are allowed, the next one when a tenth of the interval has passed")
  func burst() {
    var buckets = TokenBuckets<String>(limit)
    for _ in 0..<10 { #expect(buckets.take(from: "a", at: .seconds(100)) == .allowed) }
    guard case .refused(let refusal) = buckets.take(from: "a", at: .seconds(100)) else {
      Issue.record("the eleventh was allowed")
      return
    }
    #expect(refusal.retryAfter == .seconds(6) && refusal.retryAfterSeconds == 6)
    #expect(buckets.take(from: "b", at: .seconds(100)) == .allowed)
    #expect(!allowed(buckets.take(from: "a", at: .milliseconds(105_999))))
    #expect(buckets.take(from: "a", at: .seconds(106)) == .allowed)
    #expect(!allowed(buckets.take(from: "a", at: .seconds(106))))
  }

  @Test("over a long time exactly the rate gets through, however often is asked")
  func rate() {
    var buckets = TokenBuckets<Int>(limit)
    let got = (0..<36_000).count { allowed(buckets.take(from: 1, at: .milliseconds(100 * $0))) }
    // An hour: 10 at the start and one each six seconds after.
    #expect((609...610).contains(got))
  }

  @Test("what is refused costs more, and shuts nobody out for longer than an interval beyond the rate")
  func charge() {
    var buckets = TokenBuckets<Int>(limit)
    #expect(buckets.take(from: 1, at: .zero) == .allowed)
    buckets.charge(4, to: 1, at: .zero)
    let left = (0..<10).count { _ in allowed(buckets.take(from: 1, at: .zero)) }
    #expect(left == 5)
    for _ in 0..<1000 { buckets.charge(4, to: 1, at: .zero) }
    #expect(!allowed(buckets.check(from: 1, at: .seconds(60))))
    #expect(allowed(buckets.check(from: 1, at: .seconds(66))))
  }

  @Test("the first refusal in a minute is reported, with how many were not")
  func report() throws {
    var buckets = TokenBuckets<Int>(RateLimit(count: 1, per: .seconds(3600)))
    func refusal(at time: Duration) -> RateRefusal? {
      if case .refused(let refusal) = buckets.take(from: 1, at: time) { refusal } else { nil }
    }
    #expect(refusal(at: .zero) == nil)
    #expect(refusal(at: .seconds(1))?.report?.unreported == 0)
    for second in 2..<60 { #expect(refusal(at: .seconds(second))?.report == nil) }
    #expect(refusal(at: .seconds(61))?.report?.unreported == 58)
    #expect(refusal(at: .seconds(62))?.report == nil)
  }

  @Test("however many keys there are, no more than the most are kept, and those asked for last stay")
  func memory() {
    var buckets = TokenBuckets<Int>(RateLimit(count: 1, per: .seconds(3600)), mostKeys: 1000)
    #expect(buckets.take(from: -1, at: .zero) == .allowed)
    for key in 0..<20_000 {
      #expect(buckets.take(from: key, at: .zero) == .allowed)
      if key.isMultiple(of: 100) { #expect(!allowed(buckets.take(from: -1, at: .zero))) }
      #expect(buckets.count <= 1000)
    }
    #expect(!allowed(buckets.take(from: -1, at: .zero)))
    // One that was not asked for since is forgotten.
    #expect(buckets.take(from: 0, at: .zero) == .allowed)
  }

  @Test("numbers that make no sense neither trap nor open a limit")
  func extremes() {
    var buckets = TokenBuckets<Int>(RateLimit(count: 0, per: .zero), mostKeys: 0)
    #expect(buckets.take(-5, from: 1, at: .zero) == .allowed)
    #expect(buckets.take(.max, from: 1, at: .zero) == .allowed)
    #expect(!allowed(buckets.take(from: 1, at: .zero)))
    // Time never runs backwards here, but if it did, nobody would be shut out for longer.
    #expect(!allowed(buckets.take(from: 1, at: .seconds(-10))))
    #expect(buckets.take(from: 1, at: .seconds(10)) == .allowed)
  }

  @Test(
    "one client is an IPv4 address or a /64 of IPv6",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
      ("2001:db8:1:2::", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"), ("unknown", "unknown"), ("", ""),
    ])
  func prefix(source: String, expected: String) {
    #expect(ClientPrefix(source).description == expected)
  }
}
