import Foundation
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

@Suite("Backup and restore")
struct BackupTests {
  private let scratch: TemporaryDirectory
  private let path: String
  private let copy: String

  init() throws {
    scratch = try TemporaryDirectory()
    path = scratch.file("ledger.db").path
    copy = scratch.file("backup.db").path
  }

  private func restore() async throws {
    try await SQLiteLedger.restore(copy, to: path, by: "operator", at: LedgerSample.epoch)
  }

  @Test("a backup is one private file that any SQLite reads, taken while others write")
  func backup() async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerWorkload.issue(20, concurrency: 4, on: ledger)
    async let writing: Void = LedgerWorkload.issue(50, from: 100, concurrency: 4, on: ledger)
    try ledger.backup(to: copy)
    try await writing
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(names.filter { $0.hasPrefix("backup") } == ["backup.db"])
    #expect(try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int == 0o600)
    #expect(try Tool.require("sqlite3", ["-readonly", copy, "PRAGMA integrity_check"]).text == "ok\n")
    let report = try await SQLiteLedger.open(copy, .readOnly).verify(against: nil)
    #expect(report.isIntact)
    #expect(report.certificates >= 20)
    #expect(throws: LedgerError.exists(path: copy)) { try ledger.backup(to: copy) }
  }

  @Test("backups taken while another process writes are intact, and neither loses an event")
  func besideAWriter() async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    let stop = scratch.file("stop").path
    async let writer = #expect(processExitsWith: .success) { [path = path as String, stop = stop as String] in
      let ledger = try SQLiteLedger.open(path)
      var next = 1_000
      while !FileManager.default.fileExists(atPath: stop) {
        try await LedgerWorkload.issue(20, from: next, concurrency: 10, on: ledger)
        next += 20
        // SQLite's lock goes to whoever asks first: the other process gets it while this one rests.
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    let entry = EventEntry(kind: .serviceReloaded, actor: "operator", subject: "x")
    var seen: [Int] = []
    while seen.count < 3 {
      try await ledger.append(entry, at: LedgerSample.epoch)
      let file = scratch.file("backup-\(seen.count).db").path
      try ledger.backup(to: file)
      let report = try await SQLiteLedger.open(file, .readOnly).verify(against: nil)
      #expect(report.isIntact, "\(report.problems)")
      if report.certificates > seen.last ?? 0 { seen.append(report.certificates) } else { unlink(file) }
    }
    #expect(FileManager.default.createFile(atPath: stop, contents: nil))
    _ = await writer
    let report = try await ledger.verify(against: nil)
    #expect(report.isIntact, "\(report.problems)")
    let kinds = try await Self.kinds(of: ledger)
    #expect(kinds[.certificateIssued] == report.certificates)
    #expect(kinds[.serviceReloaded] ?? 0 >= 3)
  }

  private static func kinds(of ledger: SQLiteLedger) async throws -> [EventKind: Int] {
    var kinds: [EventKind: Int] = [:]
    var last: Int64 = 0
    while case let page = try await ledger.events(after: last, limit: 1000), let end = page.last {
      for event in page { kinds[event.kind, default: 0] += 1 }
      last = end.sequence
    }
    return kinds
  }

  @Test("a restored ledger holds what the backup held, says that it was restored, and goes on")
  func roundTrip() async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.backup(to: copy)
    try await LedgerSample.issue(2, on: ledger)
    let checkpoint = try await ledger.checkpoint()
    try ledger.close()
    try await restore()
    let restored = try SQLiteLedger.open(path)
    #expect(try await restored.records(of: LedgerSample.serial(2)).isEmpty)
    let last = try #require(await restored.events(after: 2, limit: 10).first)
    #expect(last.kind == .ledgerRestored)
    #expect(last.details["backupSequence"] == "2")
    #expect(try await restored.verify(against: nil).isIntact)
    #expect(try await restored.verify(against: checkpoint).problems.map(\.kind) == [.truncated])
    try await LedgerSample.issue(3, on: restored)
    let replaced = try SQLiteLedger.open(path + ".replaced", .readOnly)
    #expect(try await replaced.record(of: LedgerSample.serial(2)).state == .issued)
  }

  @Test("a backup is restored where no ledger is")
  func restoreToNothing() async throws {
    let other = scratch.file("other.db").path
    let ledger = try SQLiteLedger.openOrCreate(other)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.backup(to: copy)
    try await restore()
    #expect(try await SQLiteLedger.open(path).record(of: LedgerSample.serial(1)).state == .issued)
  }

  @Test("a damaged ledger is replaced")
  func restoreOverDamage() async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.backup(to: copy)
    try ledger.close()
    try Data(repeating: 65, count: 20_000).write(to: URL(fileURLWithPath: path))
    try await restore()
    #expect(try await SQLiteLedger.open(path).record(of: LedgerSample.serial(1)).state == .issued)
  }

  @Test("a ledger in use is not replaced")
  func inUse() async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.backup(to: copy)
    await #expect(throws: LedgerError.locked(path: path)) { try await restore() }
    #expect(try await ledger.record(of: LedgerSample.serial(1)).state == .issued)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).allSatisfy { !$0.contains(".new-") })
  }

  @Test(
    "a backup that is falsified, newer or no ledger is refused, and the ledger stays",
    arguments: [
      "DELETE FROM certificates", "PRAGMA user_version = 9", "PRAGMA application_id = 0",
    ])
  func refused(_ sql: String) async throws {
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.backup(to: copy)
    try ledger.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    try Tool.require("sqlite3", [copy, sql])
    await #expect(throws: LedgerError.self) { try await restore() }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(!FileManager.default.fileExists(atPath: path + ".replaced"))
  }
}
