import Credentials
package import Foundation
package import Ledger

extension API {
  package struct Certificate: Codable, Sendable, Hashable {
    package var serial: String
    package var subject: String
    package var commonName: String?
    package var organization: String?
    package var names: [String]
    package var profile: String
    package var key: String
    package var notBefore: String
    package var notAfter: String
    package var state: String
    /// The number of the issuer.
    package var issuer: Int
    /// It is one of the orchestrator's own, which it renews.
    package var renewsItself: Bool
  }

  package struct CertificateList: Codable, Sendable, Hashable {
    package var certificates: [Certificate]
    /// Absent on the last page.
    package var next: String?
  }

  /// Everything that the ledger knows of a certificate.
  package struct CertificateDetail: Codable, Sendable, Hashable {
    package var certificate: Certificate
    package var requestedBy: String
    package var admission: String?
    package var rule: String?
    package var source: String?
    package var reservedAt: String
    package var issuedAt: String?
    package var sha256: String?
    package var revokedAt: String?
    package var reason: String?
    /// The certificate, then those above it without the root; absent for one that was never issued.
    package var pem: String?
  }

  /// Which certificates to list, soonest expiry first.
  package struct CertificateQuery: Sendable, Hashable {
    package var state: CertificateState?
    package var expiringBefore: Date?
    package var name: String?
    package var excludesSuperseded = false
    package var after: String?
    package var limit: Int

    package init(limit: Int = API.pageSize) { self.limit = limit }
  }

  package struct Revocation: APIInput, Hashable {
    package var reason: String?

    package init(reason: String? = nil) { self.reason = reason }

    package static let fields: Set = ["reason"]
  }

  package struct Revoked: Codable, Sendable, Hashable {
    package var serial: String
    package var subject: String
    package var reason: String
  }
}

extension API.Certificate {
  package init(_ entry: CatalogEntry) {
    serial = entry.serial.hex
    subject = entry.subject
    commonName = entry.commonName
    organization = entry.organization
    names = entry.names
    profile = entry.profile
    key = entry.keyAlgorithm
    notBefore = rfc3339(entry.notBefore)
    notAfter = rfc3339(entry.notAfter)
    state = entry.state.rawValue
    issuer = entry.issuer.ordinal
    renewsItself = entry.renewsItself
  }

  package init(_ record: CertificateRecord) {
    let reservation = record.reservation
    serial = record.serial.hex
    subject = reservation.subject
    commonName = reservation.commonName
    organization = reservation.organization
    names = reservation.names
    profile = reservation.profile
    key = reservation.keyAlgorithm
    notBefore = rfc3339(reservation.notBefore)
    notAfter = rfc3339(reservation.notAfter)
    state = record.state.rawValue
    issuer = reservation.issuer.ordinal
    renewsItself = reservation.admission?.kind == .service
  }
}

extension API.CertificateDetail {
  package init(_ record: CertificateRecord, pem: String?) {
    certificate = API.Certificate(record)
    requestedBy = record.reservation.requestedBy
    admission = record.reservation.admission?.kind.rawValue
    rule = record.reservation.admission?.rule
    source = record.reservation.admission?.source
    reservedAt = rfc3339(record.reservedAt)
    issuedAt = record.issuance.map { rfc3339($0.at) }
    sha256 = record.issuance?.fingerprint.hexadecimal
    revokedAt = record.revocation.map { rfc3339($0.at) }
    reason = record.revocation?.reason.rawValue
    self.pem = pem
  }
}
