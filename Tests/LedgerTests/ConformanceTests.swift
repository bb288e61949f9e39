import Foundation
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

@Suite("The SQLite ledger does what every ledger must")
struct ConformanceTests {
  @Test("conformance", arguments: LedgerConformance.all)
  func conforms(_ conformance: LedgerConformance) async throws {
    let scratch = try TemporaryDirectory()
    let ledger = try SQLiteLedger.openOrCreate(scratch.file("ledger.db").path)
    try await conformance.run(on: ledger)
    try ledger.close()
  }

  @Test("conformance of a live service's", arguments: LiveConformance.all)
  func conforms(_ conformance: LiveConformance) async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    try SQLiteLedger.create(at: path)
    let ledger = try SQLiteLedger.openForService(path)
    try await conformance.run(on: ledger)
    try ledger.close()
  }
}
