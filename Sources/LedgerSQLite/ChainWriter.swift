import Foundation
import GRDB
import GRDBSQLite
import Ledger

/// A write transaction, with the end of the chain at hand. The head is read inside the transaction: another process may
/// have written since the last one.
final class ChainWriter {
  let db: Database
  private var head: Checkpoint?
  private var statements: [Hot: DirectStatement] = [:]
  private var insertEvent: DirectStatement?
  /// Set by the first change of the work at hand.
  var hasWritten = false

  /// What every certificate costs: looked up once in a transaction.
  enum Hot: String {
    case shutOut = "SELECT 1 FROM nodes_shut_out WHERE name = ? AND organization = ?"
    case invitation = "SELECT uses - used, expires_at, withdrawn_at FROM invitations WHERE id = ?"
    case useInvitation = "UPDATE invitations SET used = used + 1 WHERE id = ?"
    case reserve = """
      INSERT INTO certificates (issuer, ordinal, serial, subject, common_name, organization, names, profile,
        key_algorithm, not_before, not_after, public_key, requested_by, identity, reserved_at, request, admission,
        rule, claim, source, state, issued_at, fingerprint, certificate)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (serial, issuer) DO NOTHING
      """
    case issue = """
      UPDATE certificates SET state = 'issued', issued_at = ?, fingerprint = ?, certificate = ?
      WHERE id = ? AND state = 'reserved'
      """
    case event = """
      INSERT INTO events (sequence, time, kind, actor, subject, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """
  }

  init(_ db: Database) throws {
    self.db = db
    head = try EventRows.head(db)
  }

  @discardableResult
  func append(_ entry: EventEntry, at now: Date) throws -> Event { try append(EncodedEntry(entry), at: now) }

  @discardableResult
  func append(_ entry: EncodedEntry, at now: Date) throws -> Event {
    let event = Event(entry, following: head, at: now)
    let statement = try insertEvent ?? DirectStatement(db, Hot.event.rawValue)
    insertEvent = statement
    statement.bind(1, event.sequence)
    statement.bind(2, event.time.unixSeconds)
    statement.bind(3, event.kind.rawValue)
    statement.bind(4, event.actor)
    statement.bind(5, event.subject)
    statement.bind(6, event.detail)
    statement.bind(7, event.previous)
    statement.bind(8, event.hash)
    _ = try statement.run()
    hasWritten = true
    head = Checkpoint(sequence: event.sequence, hash: event.hash)
    return event
  }

  func direct(_ statement: Hot) throws -> DirectStatement {
    if let known = statements[statement] { return known }
    let made = try DirectStatement(db, statement.rawValue)
    statements[statement] = made
    return made
  }

  /// Runs one of the statements that changes rows.
  ///
  /// - Returns: how many rows it changed.
  func run(_ statement: DirectStatement) throws -> Int {
    let changes = try statement.run()
    if changes > 0 { hasWritten = true }
    return changes
  }

  /// Runs one statement, prepared once for each connection.
  ///
  /// - Returns: how many rows it changed.
  @discardableResult
  func execute(_ sql: String, _ arguments: StatementArguments) throws -> Int {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
    let changes = db.changesCount
    if changes > 0 { hasWritten = true }
    return changes
  }

  func first(_ sql: String, _ arguments: StatementArguments) throws -> Columns? {
    try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: arguments).map(Columns.init)
  }
}
