import SwiftASN1
import X509

/// A leaf before it is signed, in parts that are DER already where they were: the issuer's name and algorithm are
/// encoded once for all leaves, and the subject's key goes into the certificate as it came.
///
///     Certificate  ::=  SEQUENCE  { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
///     TBSCertificate  ::=  SEQUENCE  {
///         version         [0]  EXPLICIT Version,
///         serialNumber         CertificateSerialNumber,
///         signature            AlgorithmIdentifier,
///         issuer               Name,
///         validity             SEQUENCE { notBefore Time, notAfter Time },
///         subject              Name,
///         subjectPublicKeyInfo SubjectPublicKeyInfo,
///         extensions      [3]  EXPLICIT Extensions }
struct LeafEncoding {
  var serial: SerialNumber
  var validity: Validity
  var subject: DistinguishedName
  /// SubjectPublicKeyInfo, DER.
  var keyInfo: [UInt8]
  /// One after the other, DER.
  var extensions: [UInt8]

  /// What an issuer brings to each of its leaves.
  struct Issuer: Sendable {
    /// AlgorithmIdentifier, DER.
    var algorithm: [UInt8]
    /// Name, DER.
    var name: [UInt8]
  }

  /// The tbsCertificate, DER (RFC 5280 §4.1.2).
  func toBeSigned(by issuer: Issuer) throws -> [UInt8] {
    var fields = DER.Serializer()
    try fields.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { try $0.serialize(2) }
    try fields.serialize(serial.bytes)
    fields.serializeRawBytes(issuer.algorithm)
    fields.serializeRawBytes(issuer.name)
    try fields.appendConstructedNode(identifier: .sequence) { period in
      try period.serialize(time: validity.notBefore)
      try period.serialize(time: validity.notAfter)
    }
    try fields.serialize(subject)
    fields.serializeRawBytes(keyInfo)
    let tagged = derElement(DERTag.context(3, constructed: true), derElement(DERTag.sequence, extensions))
    return derElement(DERTag.sequence, fields.serializedBytes, tagged)
  }
}
