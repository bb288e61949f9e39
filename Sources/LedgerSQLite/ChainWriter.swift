import Foundation
import GRDB
import Ledger

/// A write transaction, with the end of the chain at hand. The head is read inside the transaction: another process may
/// have written since the last one.
final class ChainWriter {
  let db: Database
  private var head: Checkpoint?
  /// Set by the first change of the work at hand.
  var hasWritten = false

  init(_ db: Database) throws {
    self.db = db
    head = try EventRows.head(db)
  }

  @discardableResult
  func append(_ entry: EventEntry, at now: Date) throws -> Event {
    let event = Event(entry, following: head, at: now)
    try execute(
      """
      INSERT INTO events (sequence, time, kind, actor, subject, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        event.sequence, event.time.unixSeconds, event.kind.rawValue, event.actor, event.subject, event.detail,
        Data(event.previous), Data(event.hash),
      ])
    head = Checkpoint(sequence: event.sequence, hash: event.hash)
    return event
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
