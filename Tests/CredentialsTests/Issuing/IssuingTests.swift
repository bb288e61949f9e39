import Credentials
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("Issuing")
struct IssuingTests {
  static let now = Date(timeIntervalSince1970: 1_800_000_000)

  static func root(
    _ kind: KeyKind = .p256, constraints: AuthorityConstraints = .init(), lifetime: Duration = .seconds(86_400 * 365)
  ) throws -> Issuer {
    var random = SystemRandomNumberGenerator()
    let plan = AuthorityPlan(name: "Test CA", organization: "Tests", lifetime: lifetime, constraints: constraints)
    return try Issuer.root(plan, key: kind.generate(), serial: .random(using: &random), at: now)
  }

  static func grant(
    _ identity: Identity, kind: KeyKind = .p256, profile: Profile = .node, lifetime: Duration = .seconds(86_400)
  ) throws -> Grant {
    Grant(try VerifiedRequest(CertificateRequest(identity, key: kind.generate())), profile: profile, lifetime: lifetime)
  }

  static func issue(_ grant: Grant, by issuer: Issuer) throws -> IssuedCertificate {
    var random = SystemRandomNumberGenerator()
    let authorized = try IssuancePolicy.unrestricted.authorize(grant, as: .desk)
    return try issuer.issue(authorized, serial: .random(using: &random), at: now)
  }

  @Test(
    "openssl accepts a leaf of every kind of key, for both purposes",
    arguments: [KeyKind.p256, .p384, .p521, .rsa2048, .ed25519])
  func everyKeyKind(_ kind: KeyKind) throws {
    let issuer = try Self.root(kind)
    let leaf = try Self.issue(try Self.grant(try Identity(commonName: "a.example"), kind: kind), by: issuer)
    let scratch = try TemporaryDirectory()
    try issuer.certificate.serializeAsPEM().pemString.write(
      to: scratch.file("ca.pem"), atomically: true, encoding: .utf8)
    try leaf.certificate.serializeAsPEM().pemString.write(to: scratch.file("a.pem"), atomically: true, encoding: .utf8)
    for purpose in ["sslserver", "sslclient"] {
      try Tool.openssl(
        "verify", "-x509_strict", "-attime", "1800000060", "-purpose", purpose, "-CAfile", "ca.pem", "a.pem",
        in: scratch.url)
    }
  }

  @Test("a leaf is version 3, back-dated, and has every extension that a node needs")
  func extensions() throws {
    let issuer = try Self.root()
    let uri = SubjectName.uri(try URIName("spiffe://example.org/a"))
    let leaf = try Self.issue(try Self.grant(try Identity(commonName: "a.example", names: [uri])), by: issuer)
      .certificate
    #expect(leaf.version == .v3)
    #expect(leaf.notValidBefore == Self.now - 300)
    #expect(leaf.notValidAfter == Self.now + 86_400)
    #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
    #expect(try leaf.extensions.keyUsage == KeyUsage(digitalSignature: true))
    #expect(try Array(#require(try leaf.extensions.extendedKeyUsage)) == [.serverAuth, .clientAuth])
    #expect(
      try leaf.extensions.authorityKeyIdentifier?.keyIdentifier
        == issuer.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
    let names = try #require(try leaf.extensions.subjectAlternativeNames)
    #expect(names.compactMap { SubjectName($0)?.description } == ["DNS:a.example", "URI:spiffe://example.org/a"])
  }

  @Test("a leaf that would outlive its issuer is refused, not cut")
  func outlivesIssuer() throws {
    let issuer = try Self.root(lifetime: .seconds(3600))
    let grant = try Self.grant(try Identity(commonName: "a"), lifetime: .seconds(3601))
    #expect(
      throws: IssuanceError.outlivesIssuer(notAfter: rfc3339(Self.now + 3601), issuerNotAfter: rfc3339(Self.now + 3600))
    ) {
      try Self.issue(grant, by: issuer)
    }
    #expect(throws: Never.self) {
      try Self.issue(try Self.grant(try Identity(commonName: "a"), lifetime: .seconds(3600)), by: issuer)
    }
  }

  @Test("a name outside the issuer's constraints is refused before anything is signed")
  func constraints() throws {
    let limits = try AuthorityConstraints(dns: [".example.org"], ipText: ["10.0.0.0/8"], uri: [], organization: nil)
    let issuer = try Self.root(constraints: limits)
    #expect(throws: Never.self) {
      try Self.issue(try Self.grant(try Identity(commonName: "a.example.org")), by: issuer)
    }
    for outside in ["a.example.com", "11.0.0.1"] {
      #expect { try Self.issue(try Self.grant(try Identity(commonName: outside)), by: issuer) } throws: { error in
        guard case .nameNotPermitted = error as? IssuanceError else { return false }
        return true
      }
    }
  }

  @Test("a partner's intermediate is closed to every kind of name that it was not given")
  func partner() throws {
    var random = SystemRandomNumberGenerator()
    let limits = try AuthorityConstraints(dns: ["org2.example"], ipText: [], uri: [], organization: "ORG2")
    let key = try KeyKind.p256.generate()
    let plan = AuthorityPlan(
      name: "ORG2 CA", organization: "ORG2", lifetime: .seconds(86_400 * 30), constraints: limits)
    let issued = try Self.root().issueIntermediate(
      plan, key: key.publicKey, serial: .random(using: &random), at: Self.now)
    #expect(try issued.certificate.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
    let partner = try Issuer(certificate: issued.certificate, key: key)
    let good = try Identity(commonName: "a.org2.example", organization: "ORG2")
    #expect(throws: Never.self) { try Self.issue(try Self.grant(good), by: partner) }
    let bad = [
      try Identity(commonName: "a.org2.example", organization: "ORG1"),
      try Identity(commonName: "a.org1.example", organization: "ORG2"),
      try Identity(commonName: "10.0.0.1", organization: "ORG2"),
      try Identity(commonName: "x y", organization: "ORG2", names: [.uri(try URIName("spiffe://org2.example/a"))]),
    ]
    for identity in bad {
      #expect(throws: IssuanceError.self) { try Self.issue(try Self.grant(identity), by: partner) }
    }
  }

  @Test("an issuer needs its own key and a CA certificate")
  func issuerChecks() throws {
    let issuer = try Self.root()
    #expect(throws: IssuanceError.keyMismatch) {
      try Issuer(certificate: issuer.certificate, key: KeyKind.p256.generate())
    }
    let key = try KeyKind.p256.generate()
    let request = try CertificateRequest(try Identity(commonName: "a"), key: key)
    let leaf = try Self.issue(Grant(try VerifiedRequest(request), profile: .node, lifetime: .seconds(60)), by: issuer)
    #expect(throws: IssuanceError.notAnAuthority("it is not marked CA:TRUE")) {
      try Issuer(certificate: leaf.certificate, key: key)
    }
  }
}
