import Credentials
import Foundation
import GRDB
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

@Suite("The ledger's file")
struct FileTests {
  @Test("a new ledger is private, and creating it twice is refused")
  func creation() throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    try SQLiteLedger.create(at: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["ledger.db"])
    #expect(throws: LedgerError.exists(path: path)) { try SQLiteLedger.create(at: path) }
  }

  @Test("every commit waits for the disk, and the log is written ahead")
  func durability() async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    #expect(try Tool.require("sqlite3", [path, "PRAGMA journal_mode"]).text == "wal\n")
    #expect(try ledger.synchronousLevel() == 2)
    let mode = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("a missing ledger, another database and a text are told apart")
  func otherFiles() throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("x.db").path
    #expect(throws: LedgerError.missing(path: path)) { try SQLiteLedger.open(path) }
    #expect(!FileManager.default.fileExists(atPath: path))
    try Tool.require("sqlite3", [path, "CREATE TABLE t (a)"])
    #expect(throws: LedgerError.notALedger(path: path)) { try SQLiteLedger.open(path) }
    let text = scratch.file("text.db")
    try Data(repeating: 65, count: 10_000).write(to: text)
    #expect(throws: LedgerError.corrupt(path: text.path, detail: "file is not a database")) {
      try SQLiteLedger.open(text.path)
    }
  }

  @Test("a newer schema is refused for reading and for writing, and by migrate")
  func newerSchema() throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    try SQLiteLedger.create(at: path)
    #expect(try SQLiteLedger.migrate(path) == (2, 2))
    try Tool.require("sqlite3", [path, "PRAGMA user_version = 9"])
    let expected = LedgerError.newerSchema(path: path, found: 9, supported: 2)
    for access in [SQLiteLedger.Access.readOnly, .readWrite] {
      #expect(throws: expected) { try SQLiteLedger.open(path, access) }
    }
    #expect(throws: expected) { try SQLiteLedger.migrate(path) }
    #expect(expected.kind == FailureKind.environment)
  }

  @Test("a damaged file is called damaged, with the hint to restore")
  func corruption() async throws {
    let scratch = try TemporaryDirectory()
    let url = scratch.file("ledger.db")
    let ledger = try SQLiteLedger.openOrCreate(url.path)
    try await LedgerWorkload.issue(50, concurrency: 10, on: ledger)
    try ledger.close()
    var bytes = try Data(contentsOf: url)
    for index in 4096..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
    try bytes.write(to: url)
    do {
      let damaged = try SQLiteLedger.open(url.path)
      try await LedgerSample.issue(99, on: damaged)
      Issue.record("a damaged file was written")
    } catch {
      guard case .corrupt = error else {
        Issue.record("\(error)")
        return
      }
      #expect(error.hint?.contains("ledger restore") == true)
    }
  }

  @Test("what was reserved and committed before a crash is there afterwards")
  func crash() async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    try SQLiteLedger.create(at: path)
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let ledger = try SQLiteLedger.open(path)
      try await LedgerSample.issue(1, on: ledger)
      try await ledger.reserve(LedgerSample.reservation(2), at: LedgerSample.epoch)
      kill(getpid(), SIGKILL)
    }
    let ledger = try SQLiteLedger.open(path)
    let committed = try await ledger.record(of: LedgerSample.serial(1))
    #expect(committed.issuance?.certificate == LedgerSample.certificate(1))
    #expect(try await ledger.record(of: LedgerSample.serial(2)).state == .reserved)
    #expect(try await ledger.verify(against: nil).isIntact)
    try await LedgerSample.issue(3, on: ledger)
  }

  @Test("three processes that issue at once leave one chain, and none sees a lock")
  func processes() async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    await withTaskGroup(of: Void.self) { group in
      for first: Int in [0, 1000, 2000] {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, first = first as Int] in
            let ledger = try SQLiteLedger.openOrCreate(path)
            try await LedgerWorkload.issue(100, from: first, concurrency: 4, on: ledger)
          }
        }
      }
    }
    let report = try await SQLiteLedger.open(path).verify(against: nil)
    #expect(report.isIntact, "\(report.problems)")
    #expect(report.certificates == 300)
    #expect(report.events == 600)
  }

  @Test("a process that leaves the file open loses nothing")
  func leftOpen() async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    await #expect(processExitsWith: .success) { [path = path as String] in
      let ledger = try SQLiteLedger.openOrCreate(path)
      try await LedgerSample.issue(1, on: ledger)
      withExtendedLifetime(ledger) { exit(0) }
    }
    #expect(FileManager.default.fileExists(atPath: path + "-wal"))
    #expect(try await SQLiteLedger.open(path, .readOnly).record(of: LedgerSample.serial(1)).state == .issued)
  }
}
