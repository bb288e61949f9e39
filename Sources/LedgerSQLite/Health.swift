import Foundation
import GRDB
package import Ledger

extension SQLiteLedger: LedgerHealth {
  /// Some certificates' worth. What fits into the log as it is would say nothing of the next one.
  private static let space = 64 * 1024

  package func checkWritable() async throws(LedgerError) {
    let path = path
    try await write { chain in
      try Self.checkSpace(beside: path)
      try chain.execute("UPDATE services SET started_at = started_at", [])
    }
  }

  private static func checkSpace(beside path: String) throws(LedgerError) {
    let temporary = Files.temporaryName(for: path)
    let file = Foundation.open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .ofSystem(errno, at: path) }
    defer { Foundation.close(file) }
    // Gone with this process, whatever becomes of it.
    unlink(temporary)
    let bytes = [UInt8](repeating: 0xff, count: space)
    var written = 0
    while written < space {
      let count = bytes[written...].withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .ofSystem(count < 0 ? errno : ENOSPC, at: path) }
      written += count
    }
  }
}
