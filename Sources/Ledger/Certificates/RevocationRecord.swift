package import Credentials
package import Foundation

/// One line of an issuer's CRL, as the ledger keeps it.
package struct RevocationRecord: Sendable, Hashable {
  /// Why a certificate was revoked: the names of CRLReason (RFC 5280 §5.3.1).
  package enum Reason: String, Sendable, Hashable, CaseIterable {
    case unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation
    case privilegeWithdrawn

    /// The value of the CRLReason ENUMERATED.
    package var code: UInt8 {
      switch self {
      case .unspecified: 0
      case .keyCompromise: 1
      case .cACompromise: 2
      case .affiliationChanged: 3
      case .superseded: 4
      case .cessationOfOperation: 5
      case .privilegeWithdrawn: 9
      }
    }
  }

  package var serial: SerialNumber
  package var reason: Reason
  package var revokedAt: Date
  package var notAfter: Date

  package init(serial: SerialNumber, reason: Reason, revokedAt: Date, notAfter: Date) {
    self.serial = serial
    self.reason = reason
    self.revokedAt = revokedAt
    self.notAfter = notAfter
  }
}

/// A CRL that was signed, to be written down before it is published.
package struct IssuedCRL: Sendable, Hashable {
  package var issuer: IssuerReference
  package var number: Int64
  package var thisUpdate: Date
  package var nextUpdate: Date
  /// SHA-256 of the CRL's DER.
  package var fingerprint: [UInt8]

  package init(issuer: IssuerReference, number: Int64, thisUpdate: Date, nextUpdate: Date, fingerprint: [UInt8]) {
    self.issuer = issuer
    self.number = number
    self.thisUpdate = thisUpdate
    self.nextUpdate = nextUpdate
    self.fingerprint = fingerprint
  }
}

/// A revocation, by the event that tells of it.
package struct RevocationEvent: Sendable, Hashable {
  package var sequence: Int64
  package var serial: SerialNumber
  /// SHA-256 of the issuer's SubjectPublicKeyInfo: see ``IssuerReference/keyID``.
  package var issuerKeyID: [UInt8]
  package var reason: RevocationRecord.Reason
  package var revokedAt: Date

  package init(
    sequence: Int64, serial: SerialNumber, issuerKeyID: [UInt8], reason: RevocationRecord.Reason, revokedAt: Date
  ) {
    self.sequence = sequence
    self.serial = serial
    self.issuerKeyID = issuerKeyID
    self.reason = reason
    self.revokedAt = revokedAt
  }
}
