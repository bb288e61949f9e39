package import Credentials
import Foundation
import GRDB
package import Ledger

extension SQLiteLedger: CertificateCatalog {
  package func records(of serial: SerialNumber) async throws(LedgerError) -> [CertificateRecord] {
    try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT \(CertificateRows.columns) FROM certificates WHERE serial = ? ORDER BY id")
      return try Row.fetchAll(statement, arguments: [CertificateRows.key(serial)]).map {
        try CertificateRows.record(Columns($0))
      }
    }
  }

  package func certificates(_ query: CatalogQuery) async throws(LedgerError) -> CatalogPage {
    try await read { db in
      let limit = max(1, min(query.limit, 1000))
      let (condition, arguments) = Self.condition(query)
      let cursor = try Row.fetchCursor(
        db,
        sql: """
          SELECT \(CertificateRows.entryColumns) FROM certificates c WHERE \(condition)
          ORDER BY not_after, id LIMIT \(limit + 1)
          """,
        arguments: arguments)
      var entries: [CatalogEntry] = []
      var last: CatalogCursor?
      while let row = try cursor.next().map(Columns.init) {
        guard entries.count < limit else { return CatalogPage(entries: entries, next: last) }
        let entry = try CertificateRows.entry(row)
        entries.append(entry)
        last = CatalogCursor(notAfter: entry.notAfter, row: try row.integer(12))
      }
      return CatalogPage(entries: entries, next: nil)
    }
  }

  private static func condition(_ query: CatalogQuery) -> (String, StatementArguments) {
    var parts = ["state IN (\(query.states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")))"]
    var arguments: [any DatabaseValueConvertible] = []
    if let time = query.expiringBefore {
      parts.append("not_after < ?")
      arguments.append(time.unixSeconds)
    }
    if let time = query.notExpiredAt {
      parts.append("not_after >= ?")
      arguments.append(time.unixSeconds)
    }
    if let name = query.commonName {
      parts.append("common_name = ?")
      arguments.append(name)
    }
    if query.excludesSuperseded { parts.append("NOT \(CertificateRows.isSuperseded)") }
    if let cursor = query.after {
      parts.append("(not_after, id) > (?, ?)")
      arguments += [cursor.notAfter.unixSeconds, cursor.row]
    }
    return (parts.joined(separator: " AND "), StatementArguments(arguments))
  }

  package func summary(_ thresholds: ExpiryThresholds) async throws(LedgerError) -> CatalogSummary {
    try await read { db in
      var summary = CatalogSummary()
      let states = try Row.fetchAll(db, sql: "SELECT state, count(*) FROM certificates GROUP BY state")
      for row in states.map(Columns.init) {
        let count = Int(try row.integer(1))
        switch CertificateState(rawValue: try row.text(0)) {
        case .reserved: summary.neverIssued = count
        case .revoked: summary.revoked = count
        case .issued, nil: break
        }
      }
      // All of them are looked at: in the order of the file each page is read once, and by the index on their ends many
      // times.
      let due = try Row.fetchAll(
        db,
        sql: """
          SELECT CASE WHEN \(CertificateRows.isSuperseded) THEN 0
            WHEN not_after < ? THEN CASE WHEN admission IS 'service' THEN 0 ELSE 1 END
            WHEN admission IS 'service' AND not_after - (not_after - not_before) / 4 > ? THEN 4
            WHEN not_after < ? THEN 2 WHEN not_after < ? THEN 3 ELSE 4 END AS condition, count(*)
          FROM certificates c NOT INDEXED WHERE state = 'issued' GROUP BY condition
          """,
        arguments: [
          thresholds.now.unixSeconds, thresholds.now.unixSeconds, thresholds.critical.unixSeconds,
          max(thresholds.warning, thresholds.critical, thresholds.now).unixSeconds,
        ])
      for row in due.map(Columns.init) {
        let count = Int(try row.integer(1))
        switch try row.integer(0) {
        case 0: summary.superseded = count
        case 1: summary.expired = count
        case 2: summary.critical = count
        case 3: summary.warning = count
        default: summary.good = count
        }
      }
      let next = try Row.fetchOne(
        db,
        sql: """
          SELECT not_after FROM certificates c WHERE state = 'issued' AND not_after >= ?
          AND NOT \(CertificateRows.isSuperseded) ORDER BY not_after LIMIT 1
          """,
        arguments: [thresholds.now.unixSeconds])
      summary.nextExpiry = try next.map { try Columns($0).time(0) }
      return summary
    }
  }
}
