import Credentials
import Foundation
import GRDB
import Ledger

/// What a reservation of a live request uses up: checked before anything is written, taken with the serial.
enum Claims {
  /// For how long a reservation without a certificate counts as under way. One that is older belongs to a process that
  /// ended in between, and must not keep its node out for ever.
  private static let underWay: Int64 = 60

  static func check(_ reservation: Reservation, at now: Date, _ chain: ChainWriter) throws {
    guard let admission = reservation.admission else { return }
    let now = now.unixSeconds
    if let name = reservation.commonName {
      let shutOut = try chain.direct(.shutOut)
      shutOut.bind(1, name)
      shutOut.bind(2, reservation.organization ?? "")
      guard try !shutOut.finds() else { throw LedgerError.claimRefused(.nodeShutOut) }
    }
    switch admission.claim {
    case .invitation(let id): try checkInvitation(id, at: now, chain)
    case .password(let name): try checkPassword(name, at: now, chain)
    case .approval(let id): try checkApproval(id, request: reservation.request, at: now, chain)
    case .renewal(let serial, let issuer, let isLatest):
      try checkRenewal(of: serial, issuer: issuer, isLatest: isLatest, at: now, chain)
    case nil: break
    }
  }

  /// - Parameter row: of the reservation.
  static func take(_ reservation: Reservation, row: Int64, _ chain: ChainWriter) throws {
    switch reservation.admission?.claim {
    case .invitation(let id):
      let statement = try chain.direct(.useInvitation)
      statement.bind(1, id)
      _ = try chain.run(statement)
    case .approval(let id):
      try chain.execute("UPDATE requests SET state = 'issued', certificate = ? WHERE id = ?", [row, id])
    case .password, .renewal, nil: break
    }
  }

  private static func checkInvitation(_ id: String, at now: Int64, _ chain: ChainWriter) throws {
    let statement = try chain.direct(.invitation)
    statement.bind(1, id)
    guard let row = try statement.numbers(3), let left = row[0], let end = row[1] else {
      throw LedgerError.claimRefused(.invitationUnknown)
    }
    guard row[2] == nil else { throw LedgerError.claimRefused(.invitationWithdrawn) }
    guard left > 0 else { throw LedgerError.claimRefused(.invitationSpent) }
    guard end > now else { throw LedgerError.claimRefused(.invitationExpired) }
  }

  private static func checkPassword(_ name: String, at now: Int64, _ chain: ChainWriter) throws {
    let earlier = try chain.first(
      """
      SELECT 1 FROM certificates WHERE common_name = ? AND admission = 'password'
      AND (state <> 'reserved' OR reserved_at > ?) LIMIT 1
      """, [name, now - underWay])
    guard earlier == nil else { throw LedgerError.claimRefused(.passwordSpent) }
  }

  /// The request itself is compared: its ID is short enough for somebody to make two requests with the same one.
  private static func checkApproval(_ id: String, request: [UInt8]?, at now: Int64, _ chain: ChainWriter) throws {
    let row = try chain.first(
      """
      SELECT r.state, r.request, c.state, c.reserved_at FROM requests r LEFT JOIN certificates c ON c.id = r.certificate
      WHERE r.id = ? AND r.expires_at > ?
      """, [id, now])
    guard let row, try row.bytes(1) == request else { throw LedgerError.claimRefused(.approvalMissing) }
    switch PendingRequest.State(rawValue: try row.text(0)) {
    case .approved: return
    case .issued:
      // Approved, reserved, and never signed.
      if try row.optional(2, row.text) == CertificateState.reserved.rawValue, try row.integer(3) <= now - underWay {
        return
      }
    case .waiting, .denied, nil: break
    }
    throw LedgerError.claimRefused(.approvalMissing)
  }

  private static func checkRenewal(
    of serial: SerialNumber, issuer: IssuerReference, isLatest: Bool, at now: Int64, _ chain: ChainWriter
  ) throws {
    let row = try chain.first(
      "SELECT id, state, common_name, organization FROM certificates WHERE serial = ? AND issuer = ?",
      [CertificateRows.key(serial), Data(issuer.keyID)])
    guard let row else { throw LedgerError.notFound("serial \(serial.hex)") }
    switch CertificateState(rawValue: try row.text(1)) {
    case .issued: break
    case .reserved, nil: throw LedgerError.neverIssued(serial.hex)
    case .revoked: throw LedgerError.claimRefused(.certificateRevoked)
    }
    guard isLatest, let name = try row.optional(2, row.text) else { return }
    let newer = try chain.first(
      """
      SELECT 1 FROM certificates WHERE common_name = ? AND organization IS ? AND id > ?
      AND (state <> 'reserved' OR reserved_at > ?) LIMIT 1
      """, [name, try row.optional(3, row.text), try row.integer(0), now - underWay])
    guard newer == nil else { throw LedgerError.claimRefused(.certificateSuperseded) }
  }
}
