package import Credentials
package import Foundation

/// A revocation list with its record: number, sign, commit, in this order, whoever asks.
package struct RecordedRevocationList: Sendable {
  /// Since when and until when a list is valid.
  package struct Period: Hashable, Sendable {
    package var thisUpdate: Date
    package var nextUpdate: Date

    package init(from thisUpdate: Date, to nextUpdate: Date) {
      self.thisUpdate = thisUpdate
      self.nextUpdate = nextUpdate
    }
  }

  package let issuer: Issuer
  package let reference: IssuerReference
  package let log: any RevocationLog

  package init(issuer: Issuer, reference: IssuerReference, log: any RevocationLog) {
    self.issuer = issuer
    self.reference = reference
    self.log = log
  }

  /// Signs the list of what is revoked now. Its number and hash are in the record before this returns.
  /// - Returns: DER, and what was recorded.
  /// - Throws: ``RevocationError``, ``LedgerError``.
  package func sign(_ period: Period, by actor: String, at now: Date) async throws -> (der: [UInt8], record: IssuedCRL)
  {
    // A revoked certificate stays listed until it has expired (RFC 5280 §3.3).
    let entries = try await log.revocations(of: reference, expiringAfter: now).map(RevokedCertificate.init)
    let number = try await log.reserveCRLNumber(of: reference, by: actor, at: now)
    let der = try issuer.revocationList(
      entries, number: UInt64(clamping: number), thisUpdate: period.thisUpdate, nextUpdate: period.nextUpdate)
    let record = IssuedCRL(
      issuer: reference, number: number, thisUpdate: period.thisUpdate, nextUpdate: period.nextUpdate,
      fingerprint: Fingerprint(of: der).bytes)
    try await log.commit(record, by: actor, at: now)
    return (der, record)
  }
}

extension RevokedCertificate {
  package init(_ record: RevocationRecord) {
    self.init(serial: record.serial, date: record.revokedAt, reason: RevocationReason(record.reason))
  }
}

extension RevocationReason {
  /// Nil for unspecified, which is said by leaving the reason out (RFC 5280 §5.3.1).
  package init?(_ reason: RevocationRecord.Reason) {
    guard reason != .unspecified else { return nil }
    self.init(rawValue: Int(reason.code))
  }
}
