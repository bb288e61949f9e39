package import Foundation
import SwiftASN1
import X509

/// An answer that says nothing about a certificate, only why there is none (RFC 6960 §4.2.1). It is not signed.
package enum OCSPFailure: UInt8, Hashable, Sendable, CaseIterable {
  case malformedRequest = 1
  case internalError = 2
  case tryLater = 3
  case unauthorized = 6

  /// OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
  package var der: [UInt8] { derElement(DERTag.sequence, derElement(DERTag.enumerated, [rawValue])) }
}

/// What is known about one certificate (RFC 6960 §4.2.1).
package enum OCSPStatus: Hashable, Sendable {
  case good
  case revoked(at: Date, reason: RevocationReason?)
  /// Nothing was ever issued under that serial number, or not by an issuer that this responder speaks for.
  case unknown
}

/// The answer about one certificate.
///
///     SingleResponse ::= SEQUENCE {
///         certID                  CertID,
///         certStatus              CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo,
///                                          unknown [2] IMPLICIT NULL },
///         thisUpdate              GeneralizedTime,
///         nextUpdate          [0] EXPLICIT GeneralizedTime OPTIONAL,
///         singleExtensions    [1] EXPLICIT Extensions OPTIONAL }
///     RevokedInfo ::= SEQUENCE {
///         revocationTime          GeneralizedTime,
///         revocationReason    [0] EXPLICIT CRLReason OPTIONAL }
package struct OCSPAnswer: Hashable, Sendable {
  package var id: CertificateID
  package var status: OCSPStatus
  package var thisUpdate: Date
  package var nextUpdate: Date

  package init(id: CertificateID, status: OCSPStatus, thisUpdate: Date, nextUpdate: Date) {
    self.id = id
    self.status = status
    self.thisUpdate = thisUpdate
    self.nextUpdate = nextUpdate
  }

  func encoded() throws -> [UInt8] {
    let context = DERTag.context(0, constructed: true)
    return derElement(
      DERTag.sequence, id.encoded, try encodedStatus(), try thisUpdate.generalizedTime,
      derElement(context, try nextUpdate.generalizedTime))
  }

  private func encodedStatus() throws -> [UInt8] {
    switch status {
    case .good: return derElement(DERTag.context(0), [])
    case .unknown: return derElement(DERTag.context(2), [])
    case .revoked(let date, let reason):
      let tag = DERTag.context(1, constructed: true)
      guard let reason, reason != .unspecified else { return derElement(tag, try date.generalizedTime) }
      let code = derElement(DERTag.enumerated, [UInt8(truncatingIfNeeded: reason.rawValue)])
      return derElement(tag, try date.generalizedTime, derElement(DERTag.context(0, constructed: true), code))
    }
  }
}

extension Date {
  /// GeneralizedTime, DER, to the second.
  var generalizedTime: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(UTCCalendar(self).generalizedTime)
      return serializer.serializedBytes
    }
  }
}
