import Crypto
package import Foundation
import SwiftASN1
package import X509

/// Who signs answers in an issuer's name: a key of its own, with a certificate by that issuer for nothing else (RFC 6960
/// §4.2.2.2). So the issuer's key isn't used for each question that a stranger asks.
package struct OCSPSigner: Sendable {
  package let certificate: Certificate
  private let key: Certificate.PrivateKey
  private let signatureAlgorithm: Certificate.SignatureAlgorithm
  private let algorithm: [UInt8]
  /// ResponderID and certs, DER, which all answers share.
  private let responder: [UInt8]
  private let certificates: [UInt8]

  /// - Throws: ``IssuanceError/keyMismatch``, ``IssuanceError/signingFailed(_:)``.
  package init(_ issued: IssuedCertificate, key: Certificate.PrivateKey) throws(IssuanceError) {
    guard key.publicKey == issued.certificate.publicKey else { throw .keyMismatch }
    certificate = issued.certificate
    self.key = key
    signatureAlgorithm = key.preferredSignatureAlgorithm
    guard let algorithm = SignatureAlgorithms.encoding(signatureAlgorithm),
      let bits = CertificateFields(der: issued.der[...])?.publicKeyBits
    else { throw .signingFailed("the key's signature algorithm is unknown") }
    self.algorithm = algorithm
    // RFC 6960 §4.2.1: KeyHash is SHA-1 of the responder's public key.
    let keyHash = derElement(DERTag.octetString, IssuerHashes.Algorithm.sha1.hash(bits))
    responder = derElement(DERTag.context(2, constructed: true), keyHash)
    certificates = derElement(DERTag.context(0, constructed: true), derElement(DERTag.sequence, issued.der))
  }

  /// Signs an answer. Pure: the caller supplies the time.
  ///
  ///     ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING }
  ///     BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature BIT STRING,
  ///                                      certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
  ///     ResponseData ::= SEQUENCE {
  ///         responderID             CHOICE { byName [1] Name, byKey [2] KeyHash },
  ///         producedAt              GeneralizedTime,
  ///         responses               SEQUENCE OF SingleResponse,
  ///         responseExtensions  [1] EXPLICIT Extensions OPTIONAL }
  /// - Parameter nonce: the value of the request's nonce extension.
  /// - Returns: an OCSPResponse, DER.
  /// - Throws: ``IssuanceError/signingFailed(_:)``.
  package func response(
    _ answers: [OCSPAnswer], nonce: [UInt8]?, at now: Date
  ) throws(IssuanceError) -> [UInt8] {
    do {
      var list: [UInt8] = []
      for answer in answers { list += try answer.encoded() }
      let data = derElement(
        DERTag.sequence, responder, try now.generalizedTime, derElement(DERTag.sequence, list),
        nonce.map(Self.nonceExtension) ?? [])
      let signature = try key.sign(bytes: data, signatureAlgorithm: signatureAlgorithm)
      let basic = derElement(
        DERTag.sequence, data, algorithm, derElement(DERTag.bitString, [0], signature.rawRepresentation), certificates)
      let bytes = derElement(DERTag.sequence, Self.basicType, derElement(DERTag.octetString, basic))
      return derElement(
        DERTag.sequence, derElement(DERTag.enumerated, [0]), derElement(DERTag.context(0, constructed: true), bytes))
    } catch {
      throw .signingFailed(asn1Reason(error))
    }
  }

  /// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
  private static let basicType: [UInt8] = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01]
  /// id-pkix-ocsp-nonce, 1.3.6.1.5.5.7.48.1.2.
  private static let nonceType: [UInt8] = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02]

  private static func nonceExtension(_ value: [UInt8]) -> [UInt8] {
    let ext = derElement(DERTag.sequence, nonceType, derElement(DERTag.octetString, value))
    return derElement(DERTag.context(1, constructed: true), derElement(DERTag.sequence, ext))
  }
}

extension Issuer {
  /// The subject of this issuer's responder: under the issuer's own organization, which name constraints permit.
  /// - Throws: ``IdentityError``.
  package func responderSubject() throws(IdentityError) -> DistinguishedName {
    let own = certificate.subject
    let name = String("OCSP of \(own.commonName ?? "issuer")".unicodeScalars.prefix(64))
    return try Identity(commonName: name, organization: own.organization).subject
  }

  /// Signs the certificate of a responder (RFC 6960 §4.2.2.2). It lives shortly, and tells clients not to ask whether it
  /// is revoked itself.
  /// - Throws: ``IssuanceError``, ``IdentityError``.
  package func issueResponder(
    key responderKey: Certificate.PublicKey, lifetime: Duration, serial: SerialNumber, at now: Date
  ) throws -> IssuedCertificate {
    let subject = try responderSubject()
    if let reason = outputCheck.forbiddenName(subject: subject, names: []) {
      throw IssuanceError.nameNotPermitted(reason.message)
    }
    let validity = try validity(for: lifetime, at: now)
    let signed = try sign(subject: subject, key: responderKey, serial: serial, validity: validity) {
      try Certificate.Extensions([
        .init(BasicConstraints.notCertificateAuthority, critical: true),
        .init(KeyUsage(digitalSignature: true), critical: true),
        .init(ExtendedKeyUsage([.ocspSigning]), critical: false),
        .init(SubjectKeyIdentifier(hash: responderKey), critical: false),
        .init(AuthorityKeyIdentifier(keyIdentifier: certificate.keyIdentifierForChildren), critical: false),
        .init(oid: ExtensionID.ocspNoCheck, critical: false, value: [DERTag.null, 0]),
      ])
    }
    return try verifyOwnOutput(signed, profile: nil, at: now)
  }
}
