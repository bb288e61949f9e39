import Credentials
import Crypto
import Foundation
import Router
import SwiftASN1
import Testing
import X509

@Suite("who a peer is")
struct PeerIdentityTests {
  private static let start = Date(timeIntervalSince1970: 1_900_000_000)

  private func identity(
    subject: DistinguishedName, alternatives: Certificate.Extension? = nil
  ) throws -> (PeerIdentity, der: [UInt8]) {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let extensions: [Certificate.Extension] = alternatives.map { [$0] } ?? []
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: [0x1f, 0x2e, 0x3d]), publicKey: key.publicKey,
      notValidBefore: Self.start, notValidAfter: Self.start + 86_400,
      issuer: try DistinguishedName {
        OrganizationName("ORG1")
        CommonName("Fleet CA")
      }, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions(extensions), issuerPrivateKey: key)
    let der = try certificate.derBytes()
    return (PeerIdentity(certificate, der: der), der)
  }

  private func value(_ oid: ASN1ObjectIdentifier, _ text: String) -> RelativeDistinguishedName {
    RelativeDistinguishedName(RelativeDistinguishedName.Attribute(type: oid, utf8String: text))
  }

  @Test("its names, dates and fingerprint are those of the certificate")
  func whole() throws {
    let names: [GeneralName] = [
      .dnsName("a.example"), .dnsName("b.example"), .uniformResourceIdentifier("spiffe://example.org/a"),
      .ipAddress(.init(contentBytes: [10, 0, 0, 1])), .ipAddress(.init(contentBytes: [10, 0, 0])),
      .rfc822Name("a@example.org"),
    ]
    let (peer, der) = try identity(
      subject: DistinguishedName([
        value(.RDNAttributeType.organizationName, "ORG1"), value(.RDNAttributeType.organizationName, "Robots"),
        value(.RDNAttributeType.commonName, "a,b"),
      ]),
      alternatives: try Certificate.Extension(SubjectAlternativeNames(names), critical: false))
    #expect(peer.commonNames == ["a,b"] && peer.organizations == ["ORG1", "Robots"])
    #expect(peer.dnsNames == ["a.example", "b.example"] && peer.addresses == ["10.0.0.1"])
    #expect(peer.uris == ["spiffe://example.org/a"])
    #expect(peer.fingerprint == Fingerprint(of: der).description && peer.fingerprint.utf8.count == 64)
    #expect(peer.subject == "CN=a\\,b,O=Robots,O=ORG1" && peer.issuer == "CN=Fleet CA,O=ORG1")
    #expect(peer.issuerCommonNames == ["Fleet CA"] && peer.serial == "1f2e3d")
    #expect(peer.notBefore == Self.start && peer.notAfter == Self.start + 86_400)
  }

  @Test("a subjectAltName that is missing or can't be decoded holds no names")
  func undecodable() throws {
    let subject = DistinguishedName([value(.RDNAttributeType.commonName, "a")])
    let broken = Certificate.Extension(oid: .X509ExtensionID.subjectAlternativeName, critical: false, value: [0x30, 5])
    for alternatives in [nil, broken] {
      let (peer, _) = try identity(subject: subject, alternatives: alternatives)
      #expect(peer.commonNames == ["a"] && peer.dnsNames.isEmpty && peer.addresses.isEmpty && peer.uris.isEmpty)
    }
  }

  @Test("names in the string types of old authorities are seen")
  func strings() throws {
    let wide = try ASN1Any(erasing: ASN1BMPString(contentBytes: [0, 0x41, 0x01, 0x07]))
    let latin = try ASN1Any(erasing: ASN1TeletexString(contentBytes: [0x42, 0xe9]))
    let names = [wide, latin].map { value in
      RelativeDistinguishedName(RelativeDistinguishedName.Attribute(type: .RDNAttributeType.commonName, value: value))
    }
    let (peer, _) = try identity(subject: DistinguishedName(names))
    #expect(peer.commonNames == ["A\u{107}", "B\u{e9}"])
  }
}
