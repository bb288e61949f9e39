package import Credentials
import Foundation
package import Ledger
import X509

/// What a ledger of a live service must do, beyond ``LedgerConformance``.
package struct LiveConformance: Sendable, CustomStringConvertible {
  /// A sentence.
  package let name: String
  private let body: @Sendable (any LiveLedger) async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (any LiveLedger) async throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Runs the case, and then the ledger's own verification.
  package func run(on ledger: any LiveLedger) async throws {
    try await body(ledger)
    let report = try await ledger.verify(against: nil)
    try LedgerConformance.expect(report.isIntact, "verification found: \(report.problems.map(\.explanation))")
  }

  package var description: String { name }

  package static let all: [LiveConformance] = offers + blocks + claims + requests + nodes
}

extension LedgerSample {
  package static func invitation(_ number: Int, uses: Int = 1, hours: Int = 1) -> Invitation {
    Invitation(
      id: "0123456789ab\(1000 + number)", secretHash: ledgerFingerprint(Array("secret \(number)".utf8)),
      scope: .init(name: "node-\(number)", organization: "Example", dns: [".example"]), uses: uses,
      createdBy: "operator", createdAt: epoch, expiresAt: epoch.addingTimeInterval(Double(hours) * 3_600))
  }

  package static func accessToken(_ number: Int, role: AccessToken.Role = .operator) -> AccessToken {
    AccessToken(
      id: "ba9876543210\(1000 + number)", secretHash: ledgerFingerprint(Array("token \(number)".utf8)),
      name: "alice", role: role, createdBy: "operator", createdAt: epoch, expiresAt: epoch.addingTimeInterval(3_600))
  }

  package static func pending(_ number: Int, hours: Int = 24) -> PendingRequest {
    PendingRequest(
      id: "00112233445566\(10 + number)", name: "node-\(number)", organization: "Example",
      names: ["dns:node-\(number).example"], request: Array("request \(number)".utf8), pairingCode: "ABCD-EFGH-IJKL",
      source: "192.0.2.7", createdAt: epoch, expiresAt: epoch.addingTimeInterval(Double(hours) * 3_600))
  }

  /// A reservation that was let in by a claim.
  package static func admitted(
    _ number: Int, _ kind: AdmissionKind, _ claim: Admission.Claim?, name: String? = nil
  ) -> Reservation {
    var reservation = reservation(number, name: name)
    reservation.admission = Admission(kind: kind, rule: "tokens, policy 1", claim: claim, source: "192.0.2.7")
    return reservation
  }

  /// Takes the serial in advance and writes the rest at once.
  package static func record(_ reservation: Reservation, on ledger: any IssuanceLog) async throws(LedgerError) {
    try await ledger.reserve([reservation.serial], of: reservation.issuer, by: "service", at: epoch)
    try await ledger.record(reservation, certificate: Array("\(reservation.serial.hex)".utf8), at: epoch)
  }

  /// Reserves and commits an admitted one.
  package static func issue(_ reservation: Reservation, on ledger: any IssuanceLog) async throws(LedgerError) {
    try await ledger.reserve(reservation, at: epoch)
    try await ledger.commit(
      reservation.serial, of: reservation.issuer, certificate: Array("\(reservation.serial.hex)".utf8), at: epoch)
  }
}
