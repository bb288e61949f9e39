package import Credentials
package import Foundation

package enum CertificateState: String, Sendable, Hashable, CaseIterable {
  /// The serial is taken and no certificate was ever handed out under it.
  case reserved
  case issued
  case revoked
}

/// All that the ledger knows about one serial number. No key is ever in it.
package struct CertificateRecord: Sendable, Hashable {
  /// A certificate as it was handed out.
  package struct Issuance: Sendable, Hashable {
    /// DER.
    package var certificate: [UInt8]
    /// SHA-256 of the certificate's DER.
    package var fingerprint: [UInt8]
    package var at: Date

    package init(certificate: [UInt8], fingerprint: [UInt8], at: Date) {
      self.certificate = certificate
      self.fingerprint = fingerprint
      self.at = at
    }
  }

  package struct Revocation: Sendable, Hashable {
    package var reason: RevocationRecord.Reason
    package var at: Date

    package init(reason: RevocationRecord.Reason, at: Date) {
      self.reason = reason
      self.at = at
    }
  }

  package var reservation: Reservation
  package var reservedAt: Date
  /// Nil when the certificate was never issued.
  package var issuance: Issuance?
  package var revocation: Revocation?

  package init(
    reservation: Reservation, reservedAt: Date, issuance: Issuance? = nil, revocation: Revocation? = nil
  ) {
    self.reservation = reservation
    self.reservedAt = reservedAt
    self.issuance = issuance
    self.revocation = revocation
  }

  package var serial: SerialNumber { reservation.serial }

  package var state: CertificateState {
    if revocation != nil { return .revoked }
    return issuance == nil ? .reserved : .issued
  }
}
