import Credentials
package import Foundation
import GRDB
package import Ledger
import X509

extension SQLiteLedger: EventLog {
  @discardableResult
  package func append(_ entry: EventEntry, at now: Date) async throws(LedgerError) -> Event {
    guard !EventKind.rowKinds.contains(entry.kind) else {
      throw .unusable(what: "the ledger itself writes events of the kind \(entry.kind.rawValue)")
    }
    try EventEntry.check([entry.kind.rawValue, entry.actor, entry.subject])
    return try await write { chain in try chain.append(entry, at: now) }
  }

  package func events(after sequence: Int64, limit: Int) async throws(LedgerError) -> [Event] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT \(EventRows.columns) FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
        arguments: [sequence, max(1, min(limit, 1000))]
      ).map { try EventRows.event(Columns($0)) }
    }
  }

  package func checkpoint() async throws(LedgerError) -> Checkpoint? {
    try await read { db in try EventRows.head(db) }
  }

  package func verify(against checkpoint: Checkpoint?) async throws(LedgerError) -> LedgerReport {
    try await read { db in try Self.audit(db, against: checkpoint) }
  }

  static func audit(_ db: Database, against checkpoint: Checkpoint?) throws -> LedgerReport {
    var audit = LedgerAudit(checkpoint: checkpoint)
    let events = try Row.fetchCursor(db, sql: "SELECT \(EventRows.columns) FROM events ORDER BY sequence")
    while let row = try events.next().map(Columns.init) {
      do {
        audit.add(try EventRows.event(row))
      } catch is Columns.Unreadable {
        audit.addUnreadableEvent(sequence: try row.integer(0))
      }
    }
    // NOT INDEXED: an edited index could hide a row.
    let rows = try Row.fetchCursor(db, sql: "SELECT \(CertificateRows.columns) FROM certificates NOT INDEXED")
    while let row = try rows.next().map(Columns.init) {
      do {
        audit.add(try CertificateRows.record(row))
      } catch let error as Columns.Unreadable {
        audit.addUnreadableRow(
          serial: try? SerialNumber(bytes: row.bytes(2)).hex, issuer: try? row.bytes(0).hexadecimal,
          reason: error.reason)
      }
    }
    let crls = try Row.fetchCursor(
      db, sql: "SELECT issuer, number, ordinal, this_update, next_update, fingerprint FROM crls NOT INDEXED")
    while let row = try crls.next().map(Columns.init) {
      let issuer = IssuerReference(keyID: try row.bytes(0), ordinal: Int(truncatingIfNeeded: try row.integer(2)))
      let number = try row.integer(1)
      let issued: IssuedCRL? = try row.optional(5, row.bytes).map { fingerprint in
        IssuedCRL(
          issuer: issuer, number: number, thisUpdate: try row.optional(3, row.time) ?? .distantPast,
          nextUpdate: try row.optional(4, row.time) ?? .distantPast, fingerprint: fingerprint)
      }
      audit.addCRL(number: number, issuer: issuer.keyID, issued: issued)
    }
    try auditLive(db, &audit)
    return audit.finish()
  }

  private static func auditLive(_ db: Database, _ audit: inout LedgerAudit) throws {
    try each("SELECT \(OfferRows.invitation) FROM invitations NOT INDEXED", "an invitation", db, &audit) {
      $1.add(try OfferRows.invitation($0))
    }
    try each("SELECT \(OfferRows.token) FROM access_tokens NOT INDEXED", "an access token", db, &audit) {
      $1.add(try OfferRows.token($0))
    }
    try each("SELECT \(RequestRows.columns) FROM requests NOT INDEXED", "a request", db, &audit) {
      $1.add(try RequestRows.request($0))
    }
    try each("SELECT name, organization, at, actor FROM nodes_shut_out", "a node", db, &audit) {
      let organization = try $0.text(1)
      let node = NodeRecord.Key(name: try $0.text(0), organization: organization.isEmpty ? nil : organization)
      $1.addShutOut(node, at: try $0.time(2), by: try $0.text(3))
    }
  }

  private static func each(
    _ sql: String, _ what: String, _ db: Database, _ audit: inout LedgerAudit,
    _ body: (Columns, inout LedgerAudit) throws -> Void
  ) throws {
    let rows = try Row.fetchCursor(db, sql: sql)
    while let row = try rows.next().map(Columns.init) {
      do { try body(row, &audit) } catch let error as Columns.Unreadable {
        audit.addUnreadable(what, reason: error.reason)
      }
    }
  }
}

/// The table of events.
enum EventRows {
  static let columns = "sequence, time, kind, actor, subject, detail, previous, hash"

  static func event(_ row: Columns) throws -> Event {
    Event(
      sequence: try row.integer(0), time: try row.time(1), kind: EventKind(rawValue: try row.text(2)),
      actor: try row.text(3), subject: try row.text(4), detail: try row.text(5), previous: try row.bytes(6),
      hash: try row.bytes(7))
  }

  static func head(_ db: Database) throws -> Checkpoint? {
    let statement = try db.cachedStatement(sql: "SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")
    guard let row = try Row.fetchOne(statement).map(Columns.init) else { return nil }
    return Checkpoint(sequence: try row.integer(0), hash: try row.bytes(1))
  }
}
