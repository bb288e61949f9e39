import Foundation
import SwiftASN1
import X509

extension Issuer {
  /// Reads back what was signed and verifies the bytes that would be handed out, before anybody gets them.
  func verifyOwnOutput(
    _ der: [UInt8], profile: Profile?, at now: Date
  ) throws(IssuanceError) -> IssuedCertificate {
    let parsed: Certificate
    do {
      parsed = try Certificate(derEncoded: der)
    } catch {
      throw .ownOutputRejected(asn1Reason(error))
    }
    let purposes: [Purpose] =
      switch profile {
      case .node: [.server, .client]
      case .server: [.server]
      case .client: [.client]
      case nil: []
      }
    if let rejection = outputCheck.rejection(of: parsed, der: der, at: now, purposes: purposes) {
      throw .ownOutputRejected(rejection.message)
    }
    return IssuedCertificate(certificate: parsed, der: der)
  }
}
