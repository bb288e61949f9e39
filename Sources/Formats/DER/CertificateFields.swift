import SwiftASN1

/// The parts of a certificate that say who it belongs to, as raw DER, found without understanding its algorithms.
///
///     TBSCertificate ::= SEQUENCE {
///       version          [0] Version DEFAULT v1,
///       serialNumber         INTEGER,
///       signature            AlgorithmIdentifier,
///       issuer               Name,
///       validity             Validity,
///       subject              Name,
///       subjectPublicKeyInfo SubjectPublicKeyInfo,
///       ... }
struct CertificateFields: Hashable {
  var issuer: ArraySlice<UInt8>
  var subject: ArraySlice<UInt8>
  var publicKey: ArraySlice<UInt8>

  /// Nil where the bytes aren't a certificate.
  init?(der: [UInt8]) {
    guard let certificate = try? DER.parse(der), certificate.identifier == .sequence,
      let parts = certificate.children, parts.count == 3, var fields = parts[0].children
    else { return nil }
    if fields.first?.identifier.tagClass == .contextSpecific { fields.removeFirst() }
    guard fields.count >= 6, fields[0].identifier == .integer else { return nil }
    issuer = fields[2].encodedBytes
    subject = fields[4].encodedBytes
    publicKey = fields[5].encodedBytes
  }

  var isSelfIssued: Bool { issuer == subject }
}
