import SwiftASN1
package import X509

/// A certificate as it came: decoded, or bytes that can't be used and why.
///
/// One unusable certificate in a bundle leaves the others usable, and is named when a path needed it.
package enum CertificateInput: Hashable, Sendable {
  case parsed(Certificate)
  case unusable(UnusableCertificate)

  /// The most bytes of one certificate.
  package static let sizeLimit = 256 * 1024

  /// Decodes DER; never fails.
  package init(der: [UInt8]) {
    guard der.count <= Self.sizeLimit else {
      self = .unusable(UnusableCertificate(der: [], reason: .malformed("larger than \(Self.sizeLimit) bytes")))
      return
    }
    do {
      self = .parsed(try Certificate(derEncoded: der))
    } catch {
      self = .unusable(UnusableCertificate(der: der, reason: Self.reason(error, der: der)))
    }
  }

  package var certificate: Certificate? {
    if case .parsed(let certificate) = self { certificate } else { nil }
  }

  private static func reason(_ error: any Error, der: [UInt8]) -> Reason {
    guard let fields = CertificateFields(der: der[...]) else { return .malformed("not a DER certificate") }
    guard let error = error as? CertificateError else {
      if !fields.hasPositiveSerial { return .serialNumber("zero or negative") }
      // swift-crypto takes no RSA key below 2048 bits.
      if let bits = fields.rsaModulusBits, bits < 2048 { return .weakKey(CertificateRules.tooShort(rsa: bits)) }
      return .malformed("not a valid certificate")
    }
    switch error.code {
    case .unsupportedPublicKeyAlgorithm:
      return .unsupportedAlgorithm("public key", CertificateFields.identifiers(fields.keyAlgorithm))
    case .unsupportedSignatureAlgorithm:
      return .unsupportedAlgorithm("signature", CertificateFields.identifiers(fields.outerAlgorithm))
    case .duplicateOID: return .duplicateExtension
    default: return .malformed("not a valid certificate")
    }
  }
}

/// Bytes that are no certificate for us, and what can still be read of them.
package struct UnusableCertificate: Hashable, Sendable {
  package let der: [UInt8]
  package let reason: Reason
  /// The subject, where it could be read.
  package let subject: DistinguishedName?

  init(der: [UInt8], reason: Reason) {
    self.der = der
    self.reason = reason
    subject = CertificateFields(der: der[...]).flatMap { try? DistinguishedName(derEncoded: DER.parse($0.subject)) }
  }
}

extension [CertificateInput] {
  package init(_ certificates: [Certificate]) { self = certificates.map(CertificateInput.parsed) }
}
