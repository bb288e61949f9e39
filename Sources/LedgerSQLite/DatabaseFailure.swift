import Foundation
import GRDB
import Ledger

extension LedgerError {
  /// What an error of SQLite means to the operator.
  static func of(_ error: any Error, at path: String) -> LedgerError {
    if let known = error as? LedgerError { return known }
    if let unreadable = error as? Columns.Unreadable { return .corrupt(path: path, detail: unreadable.reason) }
    guard let error = error as? DatabaseError else { return .failed(path: path, detail: "\(error)") }
    let detail = error.message ?? "code \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL: return .diskFull(path: path)
    case .SQLITE_IOERR: return hasNoSpace(path) ? .diskFull(path: path) : .failed(path: path, detail: detail)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: return .notWritable(path: path, detail: detail)
    case .SQLITE_CANTOPEN:
      if access(path, R_OK) != 0 { return .notReadable(path: path, detail: String(cString: strerror(errno))) }
      return hasNoSpace(path) ? .diskFull(path: path) : .notWritable(path: path, detail: detail)
    case .SQLITE_BUSY, .SQLITE_LOCKED: return .locked(path: path)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt(path: path, detail: detail)
    default: return .failed(path: path, detail: detail)
    }
  }

  /// What a failed system call on a file means, by errno.
  static func ofSystem(_ code: Int32, at path: String) -> LedgerError {
    let detail = String(cString: strerror(code))
    switch code {
    case ENOSPC, EDQUOT: return .diskFull(path: path)
    case EEXIST: return .exists(path: path)
    case ENOENT: return .missing(path: path)
    case EACCES, EPERM, EROFS: return .notWritable(path: path, detail: detail)
    default: return .failed(path: path, detail: detail)
    }
  }

  /// SQLite reports a full disk as a plain I/O error when it hits the shared-memory file.
  private static func hasNoSpace(_ path: String) -> Bool {
    var status = statvfs()
    guard statvfs(Files.folder(of: path), &status) == 0 else { return false }
    return status.f_bavail < 16
  }
}
