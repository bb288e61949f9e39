import Credentials
import Foundation
import GRDB
package import Ledger

/// Opening and closing of the file.
enum Connection {
  /// - Parameter patience: seconds to wait for another process's lock.
  static func open(
    _ path: String, _ access: SQLiteLedger.Access, patience: Double = 10
  ) throws(LedgerError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = access == .readOnly
    configuration.busyMode = .timeout(patience)
    configuration.foreignKeysEnabled = false
    configuration.prepareDatabase { db in
      // FULL and not NORMAL: under NORMAL a power cut may undo the last transactions of a write-ahead log, and then a
      // certificate that was handed out would be missing.
      if !db.configuration.readonly {
        try db.execute(sql: "PRAGMA synchronous = FULL")
        // Pages that many certificates change are copied into the file once for all of them.
        try db.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
        // Holds the inner pages of the indexes of some hundred thousand certificates; in KiB.
        try db.execute(sql: "PRAGMA cache_size = -8192")
      }
    }
    do { return try DatabaseQueue(path: path, configuration: configuration) } catch { throw .of(error, at: path) }
  }

  /// Opens a file that must exist and says what it is.
  static func openExisting(
    _ path: String, _ access: SQLiteLedger.Access
  ) throws(LedgerError) -> (DatabaseQueue, Schema.Condition) {
    guard Files.exists(path) else { throw .missing(path: path) }
    do throws(LedgerError) {
      let database = try open(path, access)
      return (database, try run(database, path) { try Schema.condition($0) })
    } catch {
      guard access == .readOnly, case .notWritable = error else { throw error }
      return try openImmutable(path)
    }
  }

  /// SQLite wants to write a shared-memory file even to read a write-ahead log. Where it can't and there is no log, the
  /// file may be read as one that nobody changes. With a log, that would hide the last certificates.
  private static func openImmutable(_ path: String) throws(LedgerError) -> (DatabaseQueue, Schema.Condition) {
    guard Files.size(path + "-wal") == 0 else {
      throw .notReadable(path: path, detail: "its last changes are in \(path)-wal, which can't be used here")
    }
    var escaped = ""
    for character in path.unicodeScalars {
      if "%?#".unicodeScalars.contains(character) {
        escaped += "%" + [UInt8(truncatingIfNeeded: character.value)].hexadecimal
      } else {
        escaped.unicodeScalars.append(character)
      }
    }
    do throws(LedgerError) {
      let database = try open("file:\(escaped)?immutable=1", .readOnly)
      return (database, try run(database, path) { try Schema.condition($0) })
    } catch {
      if case .notWritable(_, let detail) = error { throw .notReadable(path: path, detail: detail) }
      throw error
    }
  }

  static func run<T>(
    _ database: DatabaseQueue, _ path: String, _ body: (Database) throws -> T
  ) throws(LedgerError) -> T {
    do { return try database.writeWithoutTransaction(body) } catch { throw .of(error, at: path) }
  }

  static func useWriteAheadLog(_ db: Database) throws {
    _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
  }

  static func useRollbackJournal(_ db: Database) throws {
    _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
  }

  /// The version is read again inside the transaction: another process may have been faster.
  static func migrate(_ database: DatabaseQueue, _ path: String) throws(LedgerError) {
    try run(database, path) { db in
      try db.inTransaction(.immediate) {
        guard case .ledger(let version) = try Schema.condition(db), version < Schema.version else { return .rollback }
        try Schema.migrate(db, from: version)
        return .commit
      }
    }
  }

  static func close(_ database: DatabaseQueue, _ path: String) throws(LedgerError) {
    do { try database.close() } catch { throw .of(error, at: path) }
  }
}

extension SQLiteLedger {
  /// SQLite's `synchronous` setting: 2 is FULL.
  package func synchronousLevel() throws(LedgerError) -> Int {
    try Connection.run(database, path) { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
  }
}
