import Crypto
import Foundation
import Testing
import X509

@testable import Credentials

@Suite struct IssuedCertificateCheckTests {
  let root: PathFixture
  let issuer: PathFixture
  let check: IssuedCertificateCheck

  init() throws {
    root = try PathFixture.authority("Root") {
      $0.constraints = NameConstraints(permittedSubtrees: [.dnsName("example")])
    }
    issuer = try PathFixture.authority("CA", by: root) { $0.pathLength = 0 }
    check = IssuedCertificateCheck(issuer: issuer.certificate, ancestors: [root.certificate])
  }

  private func reason(_ leaf: PathFixture, _ purposes: [Purpose] = [.server, .client]) throws -> Reason? {
    check.rejection(of: leaf.certificate, at: PathFixture.now, purposes: purposes)?.first
  }

  @Test("what was issued right is let out")
  func good() throws {
    #expect(try reason(PathFixture.node("node.example", by: issuer)) == nil)
  }

  @Test("a signature by another key is caught")
  func otherKey() throws {
    let other = try PathFixture.authority("CA", by: root)
    #expect(try reason(PathFixture.node("node.example", by: other)) == .badSignature(issuer: "CN=CA"))
  }

  @Test("another issuer's name is caught")
  func otherName() throws {
    #expect(try reason(PathFixture.node("node.example", by: root)) == .unknownIssuer("CN=Root"))
  }

  @Test("a name outside the constraints of the issuer's own issuer is caught")
  func outside() throws {
    #expect(
      try reason(PathFixture.node("node.test", by: issuer))
        == .nameConstraint(name: "node.test", permitted: ["example"]))
  }

  @Test("a purpose that was asked for and isn't in it is caught")
  func purpose() throws {
    let leaf = try PathFixture.node("node.example", by: issuer) { $0.usages = [.serverAuth] }
    #expect(try reason(leaf, [.server]) == nil)
    #expect(try reason(leaf)?.code == "extended-key-usage")
  }

  @Test("a certificate that has expired by then is caught")
  func expired() throws {
    let leaf = try PathFixture.node("node.example", by: issuer)
    let late = PathFixture.now.addingTimeInterval(50 * PathFixture.day)
    #expect(check.rejection(of: leaf.certificate, at: late)?.first.code == "expired")
  }

  @Test("names that the constraints forbid are named before anything is signed")
  func forbidden() throws {
    let subject = try DistinguishedName { CommonName("node") }
    #expect(check.forbiddenName(subject: subject, names: [.dnsName("node.example")]) == nil)
    #expect(
      check.forbiddenName(subject: subject, names: [.dnsName("node.test")])
        == .nameConstraint(name: "node.test", permitted: ["example"]))
  }

  @Test("a new root is judged against itself")
  func newRoot() throws {
    let check = IssuedCertificateCheck(issuer: root.certificate)
    #expect(check.rejection(of: root.certificate, at: PathFixture.now) == nil)
  }
}
