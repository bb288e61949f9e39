import SwiftASN1
package import X509

extension PEM {
  /// The DER of a certificate.
  package static func der(of certificate: Certificate) throws(FormatError) -> [UInt8] {
    do {
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      return serializer.serializedBytes
    } catch {
      throw .malformed(format: "certificate", reason: "it could not be encoded")
    }
  }

  /// A certificate as PEM, label `CERTIFICATE`.
  package static func encode(_ certificate: Certificate) throws(FormatError) -> String {
    encode("CERTIFICATE", try der(of: certificate))
  }

  /// Whether a block holds a certificate. OpenSSL's two older labels are taken as well; the trust settings that
  /// follow the certificate in `TRUSTED CERTIFICATE` make that one unreadable as such.
  package static func isCertificate(_ block: Block) -> Bool {
    block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE"
  }
}
