import Foundation
import GRDB
package import Ledger

/// The ledger in one SQLite file.
///
/// It uses one connection: a `DatabaseQueue` opens faster than a pool, and a desk command does one thing at a time. A
/// service reads over a second one, so that a long list doesn't keep those waiting who write. Callers that write at the
/// same time share a transaction (``GroupCommit``).
package final class SQLiteLedger: Sendable {
  package enum Access: Sendable, Hashable {
    case readWrite
    /// Changes nothing, and works on a read-only mount.
    case readOnly
  }

  package let path: String
  let database: DatabaseQueue
  /// Where `database` writes, a connection for reading beside it.
  private let reader: DatabaseQueue?
  let writer: GroupCommit
  let reserved = ReservedRows()

  /// A service's transactions are at least this far apart. One takes about as long to be on the disk.
  private static let pace: Duration = .milliseconds(4)

  init(path: String, database: DatabaseQueue, reader: DatabaseQueue? = nil) {
    self.path = path
    self.database = database
    self.reader = reader
    self.writer = GroupCommit(database: database, path: path, pace: reader == nil ? .zero : Self.pace)
  }

  /// Makes a new ledger, whole or not at all, with mode 0600.
  ///
  /// - Throws: ``LedgerError/exists(path:)``, ``LedgerError/notWritable(path:detail:)``,
  ///   ``LedgerError/diskFull(path:)``.
  package static func create(at path: String) throws(LedgerError) {
    try Files.lockingFolder(of: path) { () throws(LedgerError) in try createAlone(at: path) }
  }

  private static func createAlone(at path: String) throws(LedgerError) {
    guard !Files.exists(path) else { throw .exists(path: path) }
    let temporary = Files.temporaryName(for: path)
    do throws(LedgerError) {
      try Files.createPrivate(temporary)
      defer { Files.removeDatabase(temporary) }
      let database = try Connection.open(temporary, .readWrite)
      try Connection.run(database, temporary) { db in
        try db.inTransaction(.immediate) {
          try Schema.migrate(db, from: 0)
          return .commit
        }
        try Connection.useWriteAheadLog(db)
      }
      try Connection.close(database, temporary)
      try Files.publish(temporary, as: path)
    } catch {
      throw error.renamed(from: temporary, to: path)
    }
  }

  /// Opens an existing ledger. An older schema is brought up to date when opened for writing, refused otherwise.
  ///
  /// - Throws: ``LedgerError/missing(path:)``, ``LedgerError/notALedger(path:)``,
  ///   ``LedgerError/newerSchema(path:found:supported:)``, ``LedgerError/olderSchema(path:found:supported:)``,
  ///   ``LedgerError/corrupt(path:detail:)`` and the failures of the disk.
  package static func open(_ path: String, _ access: Access = .readWrite) throws(LedgerError) -> SQLiteLedger {
    let (database, condition) = try Connection.openExisting(path, access)
    switch condition {
    case .empty, .foreign: throw .notALedger(path: path)
    case .ledger(let version) where version > Schema.version:
      throw .newerSchema(path: path, found: version, supported: Schema.version)
    case .ledger(let version) where version < Schema.version:
      guard access == .readWrite else {
        throw .olderSchema(path: path, found: version, supported: Schema.version)
      }
      try Connection.migrate(database, path)
    case .ledger: break
    }
    return SQLiteLedger(path: path, database: database)
  }

  /// The same ledger for a service: with a connection of its own for reading. Use it in place of this one.
  ///
  /// - Throws: the failures of the disk.
  package func forService() throws(LedgerError) -> SQLiteLedger {
    SQLiteLedger(path: path, database: database, reader: try Connection.open(path, .readOnly))
  }

  /// Opens the ledger, made first where there is none. Two processes may do this at once.
  package static func openOrCreate(_ path: String) throws(LedgerError) -> SQLiteLedger {
    if !Files.exists(path) {
      do { try create(at: path) } catch {
        guard case .exists = error else { throw error }
      }
    }
    return try open(path)
  }

  /// Brings the schema up to date.
  ///
  /// - Returns: the versions before and after.
  package static func migrate(_ path: String) throws(LedgerError) -> (from: Int, to: Int) {
    let (_, condition) = try Connection.openExisting(path, .readWrite)
    guard case .ledger(let version) = condition else { throw .notALedger(path: path) }
    try open(path).close()
    return (version, Schema.version)
  }

  /// Closes the file, and folds what SQLite wrote beside it into it.
  package func close() throws(LedgerError) {
    if let reader { try Connection.close(reader, path) }
    try Connection.close(database, path)
  }

  func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(LedgerError) -> T {
    do { return try await (reader ?? database).read(body) } catch { throw .of(error, at: path) }
  }

  func write<T: Sendable>(_ body: @escaping @Sendable (ChainWriter) throws -> T) async throws(LedgerError) -> T {
    try await writer.perform(body)
  }
}

extension LedgerError {
  /// The same error for the name that the operator knows.
  func renamed(from temporary: String, to path: String) -> LedgerError {
    switch self {
    case .diskFull: .diskFull(path: path)
    case .notWritable(_, let detail): .notWritable(path: path, detail: detail)
    case .missing: .notWritable(path: path, detail: "its folder doesn't exist")
    case .failed(_, let detail): .failed(path: path, detail: detail)
    default: self
    }
  }
}
