import Credentials
import Formats
import Foundation
import Ledger
import X509

extension LedgerAdministration {
  package func certificates(_ query: API.CertificateQuery) async throws -> API.CertificateList {
    var asked = CatalogQuery(limit: query.limit)
    asked.states = query.state.map { [$0] } ?? Set(CertificateState.allCases)
    asked.expiringBefore = query.expiringBefore
    asked.commonName = query.name
    asked.excludesSuperseded = query.excludesSuperseded
    asked.after = try query.after.map(Cursor.certificate)
    let page = try await ledger.certificates(asked)
    return API.CertificateList(
      certificates: page.entries.map(API.Certificate.init), next: page.next.map(Cursor.text))
  }

  package func certificate(_ serial: String) async throws -> API.CertificateDetail {
    let record = try await ledger.record(of: SerialNumber.parse(serial))
    return API.CertificateDetail(record, pem: try record.issuance.map { try pem($0.certificate, of: record) })
  }

  package func revoke(_ serial: String, _ revocation: API.Revocation) async throws -> API.Revoked {
    let reason = try Self.reason(revocation.reason)
    let record = try await ledger.record(of: SerialNumber.parse(serial))
    try await ledger.revoke(record.serial, of: record.reservation.issuer, reason: reason, by: actor, at: clock())
    return API.Revoked(serial: record.serial.hex, subject: record.reservation.subject, reason: reason.rawValue)
  }

  /// A leaf and those above it, without the root.
  private func pem(_ leaf: [UInt8], of record: CertificateRecord) throws -> String {
    let issuer = try setting.issuers.first {
      try IssuerReference(publicKey: $0.certificate.publicKey, ordinal: $0.number).keyID
        == record.reservation.issuer.keyID
    }
    let above = issuer.map { [$0.certificate] + $0.chain }?.filter { $0.subject != $0.issuer } ?? []
    return try ([leaf] + above.map { try $0.derBytes() }).map { PEM.encode("CERTIFICATE", $0) }.joined()
  }
}

extension LedgerAdministration {
  package func events(after sequence: Int64, limit: Int) async throws -> API.EventList {
    let page = try await ledger.events(after: sequence, limit: limit)
    return API.EventList(events: page.map(API.Event.init), next: page.count < limit ? nil : page.last?.sequence)
  }

  package func checkpoint() async throws -> API.Checkpoint {
    API.Checkpoint(
      checkpoint: try await ledger.checkpoint().map {
        $0.encode().trimmingCharacters(in: .whitespacesAndNewlines)
      })
  }
}
