import Credentials
import Foundation
import Ledger
import LedgerSQLite

/// The whole of issuing with a ledger: both records of each certificate are on the disk before the next step.
struct LedgerBenchmark {
  /// How many requests are under way at once, as a busy service has them.
  static let concurrency = 128

  let sample: SampleAuthority
  let ledger: SQLiteLedger

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
    let authorized = try sample.authorize(sample.request)
    let grant = authorized.grant
    let serial = sample.serial()
    let validity = try sample.issuer.validity(for: grant.lifetime, at: sample.now)
    let reservation = Reservation(
      serial: serial, issuer: sample.reference, subject: "\(grant.subject)", commonName: grant.subject.commonName,
      organization: grant.subject.organization, names: grant.names.map(\.description), profile: grant.profile.rawValue,
      keyAlgorithm: grant.request.publicKey.label, notBefore: validity.notBefore, notAfter: validity.notAfter,
      publicKeyHash: try Fingerprint(grant.request.publicKey).bytes, request: sample.request, requestedBy: "bench")
    try await ledger.reserve(reservation, at: sample.now)
    let issued = try sample.issuer.issue(authorized, serial: serial, at: sample.now)
    try await ledger.commit(serial, of: sample.reference, certificate: issued.der, at: sample.now)
  }
}
