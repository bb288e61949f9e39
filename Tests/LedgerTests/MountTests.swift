import Credentials
import Foundation
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

/// A small file system in memory. Needs root.
private final class SmallDisk: Sendable {
  let folder: TemporaryDirectory

  init(kilobytes: Int) throws {
    folder = try TemporaryDirectory()
    try Tool.require("mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", folder.path])
  }

  func remountReadOnly() throws { try Tool.require("mount", ["-o", "remount,ro", folder.path]) }

  deinit { _ = try? Tool.run("umount", ["-l", folder.path]) }
}

@Suite("The ledger on a disk that refuses")
struct MountTests {
  @Test("a full disk gives one clear error, and the ledger stays whole")
  func fullDisk() async throws {
    let disk = try SmallDisk(kilobytes: 512)
    let path = disk.folder.file("ledger.db").path
    let ledger = try SQLiteLedger.openOrCreate(path)
    var issued = 0
    var failure: LedgerError?
    do throws(LedgerError) {
      for number in 0..<10_000 {
        try await LedgerSample.issue(number, on: ledger)
        issued += 1
      }
    } catch {
      failure = error
    }
    #expect(failure == .diskFull(path: path))
    #expect(failure?.kind == .environment)
    let report = try await ledger.verify(against: nil)
    #expect(report.isIntact, "\(report.problems)")
    #expect(report.certificates == issued || report.certificates == issued + 1)
    #expect(issued > 0)
  }

  @Test("creating a ledger on a full disk leaves nothing behind")
  func createOnFullDisk() throws {
    let disk = try SmallDisk(kilobytes: 64)
    try Data(count: 60_000).write(to: disk.folder.file("filler"))
    let path = disk.folder.file("ledger.db").path
    #expect(throws: LedgerError.diskFull(path: path)) { try SQLiteLedger.create(at: path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.folder.path) == ["filler"])
  }

  @Test("a closed ledger on a read-only mount is read, and not written")
  func readOnlyMount() async throws {
    let disk = try SmallDisk(kilobytes: 4096)
    let path = disk.folder.file("ledger.db").path
    let ledger = try SQLiteLedger.openOrCreate(path)
    try await LedgerSample.issue(1, on: ledger)
    try ledger.close()
    try disk.remountReadOnly()
    let reading = try SQLiteLedger.open(path, .readOnly)
    #expect(try await reading.record(of: LedgerSample.serial(1)).state == .issued)
    #expect(try await reading.verify(against: nil).isIntact)
    do {
      try await LedgerSample.issue(2, on: try SQLiteLedger.open(path))
      Issue.record("a read-only mount was written")
    } catch {
      guard case .notWritable = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test("a ledger with a log beside it is read whole on a read-only mount, or not at all")
  func readOnlyMountWithLog() async throws {
    let disk = try SmallDisk(kilobytes: 4096)
    let path = disk.folder.file("ledger.db").path
    let outside = try TemporaryDirectory()
    let original = outside.file("ledger.db").path
    let ledger = try SQLiteLedger.openOrCreate(original)
    try await LedgerSample.issue(1, on: ledger)
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.copyItem(atPath: original + suffix, toPath: path + suffix)
    }
    try disk.remountReadOnly()
    #expect(try await SQLiteLedger.open(path, .readOnly).record(of: LedgerSample.serial(1)).state == .issued)
    try Tool.require("mount", ["-o", "remount,rw", disk.folder.path])
    try FileManager.default.removeItem(atPath: path + "-shm")
    try disk.remountReadOnly()
    do {
      let reading = try SQLiteLedger.open(path, .readOnly)
      let found = try await reading.records(of: LedgerSample.serial(1))
      #expect(found.count == 1)
    } catch {
      guard case .notReadable = error else {
        Issue.record("\(error)")
        return
      }
    }
    try ledger.close()
  }

  @Test("a folder that may not be written gives one clear error")
  func readOnlyFolder() throws {
    let disk = try SmallDisk(kilobytes: 512)
    try disk.remountReadOnly()
    let path = disk.folder.file("ledger.db").path
    #expect(throws: LedgerError.notWritable(path: path, detail: "Read-only file system")) {
      try SQLiteLedger.create(at: path)
    }
  }
}
