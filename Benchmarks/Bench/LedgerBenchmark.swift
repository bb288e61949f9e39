import Credentials
import Foundation
import Ledger
import LedgerSQLite

/// The whole of issuing with a ledger, as a service does it: the serial is on the disk before the signature, the
/// certificate before it counts.
struct LedgerBenchmark {
  /// How many requests are under way at once, as a busy service has them.
  static let concurrency = 128

  let sample: SampleAuthority
  let ledger: SQLiteLedger
  private let serials = SerialSupply { count in
    var random = SystemRandomNumberGenerator()
    return SerialNumber.block(of: count, using: &random)
  }

  init(folder: String) throws {
    sample = try SampleAuthority()
    ledger = try SQLiteLedger.openOrCreate(folder + "/bench.db")
  }

  func run(count: Int) async throws -> Measurement {
    try await issue(500)
    let start = wallClock()
    let cpu = processCPU()
    try await issue(count)
    let elapsed = wallClock() - start
    var result = Measurement()
    result.add("ledger_per_second", Double(count) / elapsed)
    result.add("ledger_cpu_microseconds", (processCPU() - cpu) / Double(count) * 1e6)
    try ledger.close()
    return result
  }

  private func issue(_ count: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for started in 0..<count {
        if started >= Self.concurrency { try await group.next() }
        group.addTask { try await issueOne() }
      }
      try await group.waitForAll()
    }
  }

  private func issueOne() async throws {
    let issuing = RecordedIssuing(issuer: sample.issuer, reference: sample.reference, log: ledger)
    _ = try await issuing.issue(
      try sample.authorize(sample.request), der: sample.request, serials: serials, by: "bench", admission: nil,
      at: sample.now)
  }
}
