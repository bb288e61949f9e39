import GRDB
import GRDBSQLite

/// A prepared statement that is bound and run without a value being boxed on the way: for what every certificate costs.
///
/// The library keeps the statement; this only borrows it for a batch.
struct DirectStatement {
  private let handle: OpaquePointer
  private let connection: OpaquePointer

  init(_ db: Database, _ sql: String) throws {
    handle = try db.cachedStatement(sql: sql).sqliteStatement
    guard let connection = db.sqliteConnection else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
    self.connection = connection
  }

  // SQLite copies what is bound.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

  func bind(_ index: Int32, _ number: Int64) { sqlite3_bind_int64(handle, index, number) }

  func bind(_ index: Int32, _ bytes: [UInt8]?) {
    guard let bytes else { return bindNull(index) }
    guard !bytes.isEmpty else {
      sqlite3_bind_zeroblob(handle, index, 0)
      return
    }
    bytes.withUnsafeBytes { buffer in
      _ = sqlite3_bind_blob(handle, index, buffer.baseAddress, Int32(clamping: buffer.count), Self.copied)
    }
  }

  func bind(_ index: Int32, _ text: String?) {
    guard var text else { return bindNull(index) }
    guard !text.isEmpty else {
      sqlite3_bind_text(handle, index, "", 0, Self.copied)
      return
    }
    text.withUTF8 { buffer in
      _ = buffer.withMemoryRebound(to: CChar.self) { characters in
        sqlite3_bind_text(handle, index, characters.baseAddress, Int32(clamping: characters.count), Self.copied)
      }
    }
  }

  private func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

  /// Runs a statement that changes rows.
  ///
  /// - Returns: how many.
  func run() throws -> Int {
    defer { sqlite3_reset(handle) }
    let code = sqlite3_step(handle)
    guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure() }
    return Int(sqlite3_changes(connection))
  }

  /// Runs a query and says whether it finds a row.
  func finds() throws -> Bool {
    defer { sqlite3_reset(handle) }
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw failure()
    }
  }

  /// Runs a query of whole numbers; an absent one is nil.
  func numbers(_ count: Int32) throws -> [Int64?]? {
    defer { sqlite3_reset(handle) }
    switch sqlite3_step(handle) {
    case SQLITE_ROW:
      return (0..<count).map { index in
        sqlite3_column_type(handle, index) == SQLITE_INTEGER ? sqlite3_column_int64(handle, index) : nil
      }
    case SQLITE_DONE: return nil
    default: throw failure()
    }
  }

  private func failure() -> DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
      message: String(cString: sqlite3_errmsg(connection)))
  }
}
