import Credentials
package import Crypto
package import Foundation

/// The nonces of late renewals. One that was given out is not stored: it carries its own time and a code that only this
/// process can make. One that was used is remembered until it would have expired anyway.
package struct RenewalNonces: Sendable {
  package static let lifetime: Duration = .seconds(60)

  private static let randomCount = 16
  private static let codeCount = 32

  private let key: SymmetricKey
  private let mostUsed: Int
  /// Random part and when it can be forgotten, in two generations of one lifetime each.
  private var used: Set<[UInt8]> = []
  private var usedBefore: Set<[UInt8]> = []
  private var turnedAt: Date?

  /// - Parameters:
  ///   - key: of this process; nobody else can make a nonce.
  ///   - mostUsed: how many used nonces are remembered in one lifetime; when there are more, renewals wait.
  package init(key: SymmetricKey, mostUsed: Int = 65_536) {
    self.key = key
    self.mostUsed = max(1, mostUsed)
  }

  /// Hexadecimal text, so that shells and forms carry it as it is.
  /// - Parameter random: 16 bytes.
  package func issue(random: [UInt8], at now: Date) -> String {
    let body = Self.bytes(of: Self.milliseconds(now)) + random.prefix(Self.randomCount)
    return (body + code(body)).hexadecimal
  }

  /// Whether a nonce would be taken; cheap, and so before a signature is checked.
  package func check(_ text: [UInt8], at now: Date) throws(LateRenewalError) {
    _ = try random(of: text, now)
  }

  /// Takes a nonce whose signature was right: once.
  package mutating func redeem(_ text: [UInt8], at now: Date) throws(LateRenewalError) {
    let random = try random(of: text, now)
    turn(now)
    guard used.count < mostUsed else { throw .tooManyNonces }
    used.insert(random)
  }

  private func random(of text: [UInt8], _ now: Date) throws(LateRenewalError) -> [UInt8] {
    guard let bytes = Hexadecimal.decode(String(decoding: text, as: UTF8.self)),
      bytes.count == 8 + Self.randomCount + Self.codeCount
    else { throw .unknownNonce }
    let body = Array(bytes.dropLast(Self.codeCount))
    guard HMAC<SHA256>.isValidAuthenticationCode(bytes.suffix(Self.codeCount), authenticating: body, using: key)
    else { throw .unknownNonce }
    let made = body.prefix(8).reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) }
    let current = Self.milliseconds(now)
    // A clock that was set back makes nonces of the future: they are as good as old ones.
    guard current >= made, current - made <= UInt64(Self.lifetime.components.seconds) * 1000 else {
      throw .expiredNonce
    }
    let random = Array(body.suffix(Self.randomCount))
    guard !used.contains(random), !usedBefore.contains(random) else { throw .usedNonce }
    return random
  }

  private mutating func turn(_ now: Date) {
    guard let last = turnedAt else {
      turnedAt = now
      return
    }
    let age = now.timeIntervalSince(last)
    guard age > Double(Self.lifetime.components.seconds) || age < 0 else { return }
    usedBefore = used
    used = []
    turnedAt = now
  }

  private func code(_ body: [UInt8]) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: body, using: key)) }

  private static func milliseconds(_ date: Date) -> UInt64 {
    UInt64(min(max(0, date.timeIntervalSince1970 * 1000), 253_402_300_799_000))
  }

  private static func bytes(of number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}
