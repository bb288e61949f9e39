import Credentials
package import Foundation
import GRDB
package import Ledger

extension SQLiteLedger {
  /// Copies the ledger into one new file, consistent even while others write. Mode 0600; never over another file.
  ///
  /// - Throws: ``LedgerError/exists(path:)`` and the failures of the disk.
  package func backup(to path: String) throws(LedgerError) {
    guard !Files.exists(path) else { throw .exists(path: path) }
    let temporary = Files.temporaryName(for: path)
    do throws(LedgerError) {
      defer { Files.removeDatabase(temporary) }
      try Self.copy(database, to: temporary, path)
      try Files.publish(temporary, as: path)
    } catch {
      throw error.renamed(from: temporary, to: path)
    }
  }

  /// Puts a backup in the place of the ledger, or where none is. What was there is kept beside it as `PATH.replaced`.
  ///
  /// The backup is checked first: its pages, its schema version, its chain. Certificates that were issued after the
  /// backup are in no ledger any more; a checkpoint of then still tells. A backup with an older schema is brought up to
  /// date with ``migrate(_:)`` first.
  ///
  /// - Throws: ``LedgerError/notALedger(path:)``, ``LedgerError/newerSchema(path:found:supported:)``,
  ///   ``LedgerError/corrupt(path:detail:)``, ``LedgerError/locked(path:)`` while another process has the ledger open.
  package static func restore(
    _ backup: String, to path: String, by actor: String, at now: Date
  ) async throws(LedgerError) {
    let source = try open(backup, .readOnly)
    try check(source)
    let temporary = Files.temporaryName(for: path)
    do throws(LedgerError) {
      defer { Files.removeDatabase(temporary) }
      try copy(source.database, to: temporary, path)
      try await finishRestored(temporary, by: actor, at: now)
      try Files.sync(temporary)
      try setAside(path)
      try Files.rename(temporary, to: path)
      try Files.sync(Files.folder(of: path))
    } catch {
      throw error.renamed(from: temporary, to: path)
    }
  }

  private static func check(_ source: SQLiteLedger) throws(LedgerError) {
    let path = source.path
    let (findings, report) = try Connection.run(source.database, path) { db in
      (try String.fetchAll(db, sql: "PRAGMA integrity_check(1)"), try audit(db, against: nil))
    }
    guard findings == ["ok"] else { throw .corrupt(path: path, detail: findings.first ?? "the check failed") }
    if let problem = report.problems.first { throw .corrupt(path: path, detail: problem.explanation) }
  }

  private static func copy(_ source: DatabaseQueue, to temporary: String, _ path: String) throws(LedgerError) {
    try Files.createPrivate(temporary)
    let target = try Connection.open(temporary, .readWrite)
    do { try source.backup(to: target) } catch { throw .of(error, at: path) }
    // A single file: nothing of a backup may stay in a log beside it.
    try Connection.run(target, temporary) { try Connection.useRollbackJournal($0) }
    try Connection.close(target, temporary)
  }

  private static func finishRestored(
    _ temporary: String, by actor: String, at now: Date
  ) async throws(LedgerError) {
    let ledger = try open(temporary)
    let head = try await ledger.checkpoint()
    try await ledger.append(
      EventEntry(
        kind: .ledgerRestored, actor: actor, subject: "ledger",
        detail: ["backupHash": head?.hash.hexadecimal ?? "", "backupSequence": String(head?.sequence ?? 0)]),
      at: now)
    try Connection.run(ledger.database, temporary) { try Connection.useWriteAheadLog($0) }
    try ledger.close()
  }

  /// Moves the ledger that is there out of the way. Its log must not stay: SQLite would play it into the restored file.
  private static func setAside(_ path: String) throws(LedgerError) {
    guard Files.exists(path) else { return }
    do throws(LedgerError) {
      let current = try Connection.open(path, .readWrite, patience: 0.5)
      // Works only for the sole user of the file.
      try Connection.run(current, path) { try Connection.useRollbackJournal($0) }
      try Connection.close(current, path)
    } catch {
      guard case .corrupt = error else { throw error }
    }
    Files.removeDatabase(path + ".replaced")
    for suffix in ["", "-wal", "-shm", "-journal"] where Files.exists(path + suffix) {
      try Files.rename(path + suffix, to: path + ".replaced" + suffix)
    }
  }
}
