import Credentials
import Crypto
package import Foundation
import X509

/// What a certificate says (RFC 5280 §4.1), read without judging it, so that a certificate that no library takes still
/// tells what it is.
///
///     TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber INTEGER, signature AlgorithmIdentifier,
///       issuer Name, validity SEQUENCE { notBefore Time, notAfter Time }, subject Name,
///       subjectPublicKeyInfo, issuerUniqueID [1], subjectUniqueID [2], extensions [3] }
package struct CertificateFacts: Hashable, Sendable {
  /// 1, 2 or 3.
  package var version: Int
  /// The serial number as it stands: two's complement, most significant byte first.
  package var serial: [UInt8]
  /// RFC 4514.
  package var subject: String
  package var issuer: String
  package var commonName: String?
  /// DER of the names, which is what issuer and subject are matched by.
  package var subjectEncoded: [UInt8]
  package var issuerEncoded: [UInt8]
  /// Nil where the time can't be read.
  package var notBefore: Date?
  package var notAfter: Date?
  package var publicKey: PublicKeyFacts
  package var signature: SignatureFacts
  /// The algorithm inside the signed part is the one outside (RFC 5280 §4.1.1.2).
  package var isSignatureAlgorithmConsistent: Bool
  package var extensions: ExtensionFacts
  /// SHA-256 of the whole certificate.
  package var fingerprint: [UInt8]
  /// DER of the certificate, without what may follow it.
  package var encoded: [UInt8]
  /// The part that the signature is over.
  package var signedBytes: [UInt8]
  /// How many bytes follow the certificate.
  package var trailingByteCount: Int

  /// Reads a certificate.
  /// - Throws: ``DERDefect`` when the bytes aren't the structure of a certificate.
  package init(der: [UInt8]) throws(DERDefect) {
    let signed = try SignedStructure(der)
    var fields = try signed.body.sequence(limit: 16)[...]
    version = 1
    if let first = fields.first, first.isContext(0) {
      version = (try first.children(limit: 1).first?.smallInteger ?? 0) + 1
      fields = fields.dropFirst()
    }
    let body = Array(fields)
    guard body.count >= 6, let serial = body[0].integerBytes else {
      throw DERDefect(at: signed.body.encoded.startIndex, "the certificate lacks one of its fields")
    }
    let validity = try body[3].sequence(limit: 2)
    guard validity.count == 2 else { throw DERDefect(at: body[3].encoded.startIndex, "the validity isn't two times") }
    self.serial = serial
    issuer = try NameText.render(body[2])
    subject = try NameText.render(body[4])
    commonName = NameText.values(of: "2.5.4.3", in: body[4]).last
    issuerEncoded = body[2].bytes
    subjectEncoded = body[4].bytes
    notBefore = validity[0].time
    notAfter = validity[1].time
    publicKey = try PublicKeyFacts(body[5])
    signature = signed.signature
    isSignatureAlgorithmConsistent = body[1].bytes == signed.signature.identifier
    let list = body.dropFirst(6).first { $0.isContext(3) }
    extensions = ExtensionFacts()
    if let list, let inner = try list.children(limit: 1).first { extensions = try ExtensionFacts(inner) }
    signedBytes = signed.body.bytes
    trailingByteCount = signed.trailing
    encoded = Array(der.dropLast(signed.trailing))
    fingerprint = Array(SHA256.hash(data: encoded))
  }

  package var isSelfIssued: Bool { subjectEncoded == issuerEncoded }

  /// What the certificate may be used as.
  package enum Role: String, Hashable, Sendable {
    /// basicConstraints says CA:TRUE.
    case authority
    /// A self-issued certificate of version 1: a root of the old kind, or a server's own.
    case legacyRoot
    case leaf
  }

  package var role: Role {
    if let constraints = extensions.basicConstraints { return constraints.isAuthority ? .authority : .leaf }
    return version < 3 && isSelfIssued ? .legacyRoot : .leaf
  }

  /// The name to speak of the certificate by.
  package var title: String {
    if !subject.isEmpty { return subject }
    return extensions.subjectAlternativeNames?.first ?? "serial \(serialText)"
  }

  /// `0A:1B:…`
  package var serialText: String { SerialNumber(bytes: serial).hex }
}
