import Foundation
import SwiftASN1
import X509

extension Issuer {
  /// Reads back what was signed and verifies the bytes that would be handed out, before anybody gets them.
  func verifyOwnOutput(
    _ signed: Certificate, profile: Profile?, at now: Date
  ) throws(IssuanceError) -> IssuedCertificate {
    let der: [UInt8]
    let parsed: Certificate
    do {
      der = try signed.derBytes()
      parsed = try Certificate(derEncoded: der)
    } catch {
      throw .ownOutputRejected(asn1Reason(error))
    }
    guard certificate.publicKey.isValidSignature(parsed.signature, for: parsed) else {
      throw .ownOutputRejected("the signature does not verify with the issuer's key")
    }
    return IssuedCertificate(certificate: parsed, der: der)
  }
}
