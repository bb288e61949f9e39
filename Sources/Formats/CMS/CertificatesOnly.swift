import Credentials
import SwiftASN1
package import X509

/// Certificates in a CMS message that signs nothing (RFC 5652 §5, RFC 8551 §3.8 "certs-only"): how EST hands them out
/// (RFC 7030 §4.1.3). What it says is not authenticated by itself.
///
///     ContentInfo ::= SEQUENCE {
///       contentType ContentType,                      -- id-signedData
///       content [0] EXPLICIT SignedData }
///     SignedData ::= SEQUENCE {
///       version CMSVersion,                           -- 1
///       digestAlgorithms SET OF AlgorithmIdentifier,  -- empty
///       encapContentInfo SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL },  -- id-data, absent
///       certificates [0] IMPLICIT CertificateSet OPTIONAL,
///       crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
///       signerInfos SET OF SignerInfo }               -- empty
package enum CertificatesOnly {
  /// The most bytes that are read.
  package static let sizeLimit = 1024 * 1024
  /// The most certificates that are read.
  package static let countLimit = 256

  /// The DER of a message with these certificates, in this order.
  ///
  /// The certificates are a SET OF, which DER sorts by value, but every reader takes them as they come, and EST's
  /// oldest clients take the first for the one that was issued.
  package static func encode(_ certificates: [Certificate]) throws(FormatError) -> [UInt8] {
    var encoded: [[UInt8]] = []
    for certificate in certificates { encoded.append(try PEM.der(of: certificate)) }
    return encode(der: encoded)
  }

  /// The same for certificates whose DER is at hand.
  package static func encode(der certificates: [[UInt8]]) -> [UInt8] {
    let context = DERTag.context(0, constructed: true)
    let signedData = derElement(
      DERTag.sequence, derElement(DERTag.integer, [1]), emptySet, derElement(DERTag.sequence, ContentType.dataElement),
      certificates.isEmpty ? [] : derElement(context, all: certificates), emptySet)
    return derElement(DERTag.sequence, ContentType.signedDataElement, derElement(context, signedData))
  }

  /// The DER of each certificate of such a message, in its order; BER is taken as well, because others write it.
  ///
  /// - Throws: ``FormatError`` for other bytes, for a message with signers, and for one that is too large.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [[UInt8]] {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "a CMS message", limit: sizeLimit) }
    return try FormatError.decoding("CMS message") {
      let der = try BERNormalisation.der(from: bytes)
      return try DER.sequence(DER.parse(der), identifier: .sequence) { nodes in
        guard try ASN1ObjectIdentifier(derEncoded: &nodes) == ContentType.signedData else {
          throw FormatError.malformed(format: "CMS message", reason: "its content isn't signed-data")
        }
        return try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific, certificates(in:))
      }
    }
  }

  private static func certificates(in signedData: ASN1Node) throws -> [[UInt8]] {
    try DER.sequence(signedData, identifier: .sequence) { nodes in
      guard (1...5).contains(try Int(derEncoded: &nodes)) else {
        throw FormatError.malformed(format: "CMS message", reason: "its version is unknown")
      }
      guard try nodes.require().identifier == .set, try nodes.require().identifier == .sequence else {
        throw ASN1Error.unexpectedFieldType(.set)
      }
      var found: [[UInt8]] = []
      var last = try nodes.require()
      if last.identifier == certificateSet {
        found = try certificates(ofSet: last)
        last = try nodes.require()
      }
      if last.identifier == ASN1Identifier(tagWithNumber: 1, tagClass: .contextSpecific) { last = try nodes.require() }
      guard last.identifier == .set else { throw ASN1Error.unexpectedFieldType(last.identifier) }
      guard last.children?.isEmpty == true else { throw FormatError.unsupported("a CMS message with signers") }
      return found
    }
  }

  /// CertificateChoices other than a plain certificate carry a context-specific tag: attribute certificates and the
  /// like, which have no use here.
  private static func certificates(ofSet set: ASN1Node) throws -> [[UInt8]] {
    let choices = set.children ?? []
    guard choices.count <= countLimit else {
      throw FormatError.tooLarge(what: "the number of certificates in a CMS message", limit: countLimit)
    }
    return choices.filter { $0.identifier == .sequence }.map { Array($0.encodedBytes) }
  }

  private static let emptySet = derElement(DERTag.set, [])
  private static let certificateSet = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)

  private enum ContentType {
    static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 2]
    static let signedDataElement = derElement(DERTag.objectIdentifier, pkcs7 + [2])
    static let dataElement = derElement(DERTag.objectIdentifier, pkcs7 + [1])
    /// 1.2.840.113549.1.7
    private static let pkcs7: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07]
  }
}
