import Crypto
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@testable import Credentials

@Suite("Addresses in certificates")
struct DistributionTests {
  private static let now = Date()
  private let issuer: Issuer

  init() throws {
    issuer = try Issuer.root(
      AuthorityPlan(name: "Root", lifetime: .seconds(86_400 * 365)),
      key: Certificate.PrivateKey(P256.Signing.PrivateKey()), serial: .init(bytes: [0x11, 2, 3]), at: Self.now)
  }

  private func leaf(_ issuer: Issuer, profile: Profile = .node) throws -> IssuedCertificate {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName("node.example") }, privateKey: key,
      attributes: CertificateSigningRequest.Attributes([]))
    let verified = try VerifiedRequest(CertificateRequest(der: request.derBytes()))
    let grant = Grant(verified, profile: profile, lifetime: .seconds(86_400))
    var random = SystemRandomNumberGenerator()
    return try issuer.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(using: &random), at: Self.now)
  }

  @Test("openssl reads where lists, answers and the issuer are, and pkilint finds nothing", arguments: Profile.allCases)
  func inLeaves(profile: Profile) throws {
    let publishing = try issuer.publishing(at: "http://pki.example.org:8080/")
    let folder = try TemporaryDirectory()
    try Data(leaf(publishing, profile: profile).certificate.serializeAsPEM().pemString.utf8)
      .write(to: folder.file("leaf.pem"))
    let text = try Tool.openssl("x509", "-in", "leaf.pem", "-noout", "-text", in: folder.url).text
    let name = try Fingerprint(issuer.certificate.publicKey).description.prefix(40)
    #expect(text.contains("OCSP - URI:http://pki.example.org:8080/ocsp\n"))
    #expect(text.contains("CA Issuers - URI:http://pki.example.org:8080/issuers/\(name).crt\n"))
    #expect(text.contains("Full Name:\n                  URI:http://pki.example.org:8080/crl/\(name).crl\n"))
    try Lint.expectNothing("lint_pkix_cert", ["lint"], folder.file("leaf.pem"))
  }

  @Test("without an address the certificate says nothing of one")
  func absent() throws {
    let certificate = try leaf(issuer).certificate
    #expect(certificate.extensions[oid: .X509ExtensionID.authorityInformationAccess] == nil)
    #expect(certificate.extensions[oid: ExtensionID.crlDistributionPoints] == nil)
  }

  @Test(
    "an address that needs TLS to be reached, or is none, is refused",
    arguments: [
      "https://pki.example.org", "pki.example.org", "http://", "", "http://a b", "http://pki.example.org/\u{e9}",
      "http://" + String(repeating: "a", count: 600),
    ])
  func refused(text: String) {
    #expect(throws: DistributionError.notPlainHTTP(text)) { try issuer.publishing(at: text) }
  }
}
