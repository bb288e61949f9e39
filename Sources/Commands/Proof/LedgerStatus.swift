import Credentials
import Foundation
import Ledger
import LedgerSQLite
import X509

/// The status of all that an authority issued, and of its own issuers.
struct LedgerStatus {
  static let listLimit = 100

  let home: Home
  let judge: ExpiryJudge
  let listsAll: Bool

  func facts() async throws -> StatusFacts {
    let issuers = try issuers()
    let ledger = try home.ledgerForReading()
    let counts = try await ledger.summary(
      ExpiryThresholds(now: judge.now, warning: judge.warning, critical: judge.critical))
    var items = issuers.map { issuer in
      StatusItem(
        "\(issuer.certificate.subject)", names: [], serial: issuer.certificate.serialNumber.hex,
        notAfter: issuer.certificate.notValidAfter, source: "issuer-\(issuer.number)", judge: judge)
    }
    // An intermediate was issued here too: it counts once, as an issuer.
    let recorded = try await recorded(issuers, in: ledger)
    var summary = StatusFacts(items: items.filter { !recorded.contains($0.serial ?? "") }, judge: judge).summary
    summary.ok += counts.good
    summary.warning += counts.warning
    summary.critical += counts.critical
    summary.expired += counts.expired
    summary.revoked = counts.revoked
    summary.superseded = counts.superseded
    summary.neverIssued = counts.neverIssued
    let current = counts.good + counts.warning + counts.critical + counts.expired
    let shows = listsAll || current <= Self.listLimit
    items += try await issued(in: ledger, all: shows).filter { !recorded.contains($0.serial ?? "") }
    items += try await neverIssued(in: ledger)
    let unlisted = shows ? 0 : counts.good
    return StatusFacts(items: items, summary: summary, unlisted: unlisted, judge: judge)
  }

  /// None where only authorities elsewhere, in files, have issued: what they signed for a fleet is recorded here.
  private func issuers() throws -> [StoredIssuer] {
    try home.holdsRecordOnly ? [] : home.authority().issuers
  }

  private func recorded(_ issuers: [StoredIssuer], in ledger: some CertificateCatalog) async throws -> Set<String> {
    var serials: Set<String> = []
    for issuer in issuers where !issuer.isRoot {
      let records = try await ledger.records(of: issuer.certificate.serialNumber)
      let isCurrent = records.contains { $0.issuance != nil && $0.revocation == nil }
      if isCurrent { serials.insert(issuer.certificate.serialNumber.hex) }
    }
    return serials
  }

  private func issued(in ledger: some CertificateCatalog, all: Bool) async throws -> [StatusItem] {
    var query = CatalogQuery(states: [.issued], expiringBefore: all ? nil : judge.warning, limit: 1000)
    query.excludesSuperseded = true
    return try await entries(ledger, query).filter { !$0.renewsItself || $0.notAfter >= judge.now }.map { entry in
      StatusItem(
        entry.subject, names: entry.names, serial: entry.serial.hex, notAfter: entry.notAfter,
        source: "ledger", judge: judge, renewedSince: entry.renewsItself ? entry.notBefore : nil)
    }.filter { all || $0.level > .ok }
  }

  /// Serials that were reserved by a process that ended before it signed. At most a page of them is listed.
  private func neverIssued(in ledger: some CertificateCatalog) async throws -> [StatusItem] {
    try await ledger.certificates(CatalogQuery(states: [.reserved])).entries.map { entry in
      StatusItem(level: .ok, state: "never issued", subject: entry.subject, serial: entry.serial.hex, source: "ledger")
    }
  }

  private func entries(_ ledger: some CertificateCatalog, _ query: CatalogQuery) async throws -> [CatalogEntry] {
    var query = query
    var entries: [CatalogEntry] = []
    while true {
      let page = try await ledger.certificates(query)
      entries += page.entries
      guard let next = page.next else { return entries }
      query.after = next
    }
  }
}
