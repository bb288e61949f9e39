import Credentials
import Foundation
import Testing
import X509

@testable import Router

@Suite("when revocation lists are too old")
struct RevocationsTests {
  /// What sets a list apart from another one.
  private struct Options {
    var issuer = "Fleet CA"
    var key: [UInt8] = [1, 2, 3]
    /// The content of the issuing distribution point (RFC 5280 §5.2.5).
    var scope: [UInt8]?
    var isDelta = false
  }

  private static let users: [UInt8] = [0x81, 1, 0xff]
  private static let authorities: [UInt8] = [0x82, 1, 0xff]

  /// A day of March 2030.
  private func day(_ day: Int) -> Date { Date(timeIntervalSince1970: 1_900_022_400 + Double(day - 18) * 86_400) }

  /// Signed by nobody, since staleness doesn't ask for it.
  private func list(from first: Int = 10, to last: Int, _ change: (inout Options) -> Void = { _ in }) throws
    -> CertificateRevocationList
  {
    var options = Options()
    change(&options)
    let algorithm: [UInt8] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
    var extensions = [
      ext(0x23, derElement(0x30, derElement(0x80, options.key))), ext(0x14, [0x02, 0x01, 0x01]),
    ]
    if let scope = options.scope { extensions.append(ext(0x1c, isCritical: true, derElement(0x30, scope))) }
    if options.isDelta { extensions.append(ext(0x1b, isCritical: true, [0x02, 0x01, 0x01])) }
    let name = try DistinguishedName { CommonName(options.issuer) }
    let body = derElement(
      0x30, [0x02, 0x01, 0x01], algorithm, try name.derBytes(), time(first), time(last),
      derElement(0xa0, derElement(0x30, all: extensions)))
    return try CertificateRevocationList(der: derElement(0x30, body, algorithm, derElement(0x03, [0, 1])))
  }

  private func time(_ day: Int) -> [UInt8] { derElement(0x17, Array("3003\(day)000000Z".utf8)) }

  /// - Parameter arc: below 2.5.29.
  private func ext(_ arc: UInt8, isCritical: Bool = false, _ value: [UInt8]) -> [UInt8] {
    derElement(0x30, [0x06, 0x03, 0x55, 0x1d, arc], isCritical ? [0x01, 0x01, 0xff] : [], derElement(0x04, value))
  }

  private func staleSince(_ lists: CertificateRevocationList..., after: Duration? = nil) -> Date {
    Revocations(lists: lists, staleAfter: after, whenStale: .closed).staleSince
  }

  @Test("of lists that take each other's place the freshest counts")
  func superseded() throws {
    let (older, newer) = (try list(to: 18), try list(from: 17, to: 25))
    #expect(staleSince(older, newer) == day(25) && staleSince(newer, older) == day(25))
    let renamed = try list(to: 26) { $0.issuer = "FLEET  ca" }
    #expect(staleSince(older, newer, renamed) == day(26))
    let users = try list(to: 18) { $0.scope = Self.users }
    let newerUsers = try list(to: 27) { $0.scope = Self.users }
    #expect(staleSince(users, newerUsers) == day(27))
    #expect(staleSince(older, newer, after: .seconds(3 * 86_400)) == day(20))
  }

  @Test("a list for authorities doesn't make up for one for users that has run out")
  func scopes() throws {
    let users = try list(to: 18) { $0.scope = Self.users }
    let authorities = try list(to: 25) { $0.scope = Self.authorities }
    #expect(staleSince(users, authorities) == day(18) && staleSince(authorities, users) == day(18))
  }

  @Test("a list of an issuer's new key doesn't make up for one of its old key that has run out")
  func keys() throws {
    let old = try list(to: 18)
    let new = try list(to: 25) { $0.key = [4, 5, 6] }
    #expect(staleSince(old, new) == day(18) && staleSince(new, old) == day(18))
  }

  @Test("of several issuers the one whose list is worst off counts")
  func issuers() throws {
    let (own, other) = (try list(to: 25), try list(to: 19) { $0.issuer = "Other CA" })
    #expect(staleSince(own, other) == day(19))
  }

  @Test("a delta list, which answers nothing, doesn't keep the list fresh that it belongs to")
  func delta() throws {
    let (base, delta) = (try list(to: 18), try list(to: 25) { $0.isDelta = true })
    #expect(staleSince(base, delta) == day(18))
  }
}
