import Credentials
import Foundation
import Ledger
import LedgerSQLite

/// Fills a ledger for the measurement of `status`: a fleet whose certificates expire over the next 90 days, a tenth of
/// them renewed already, one in a hundred revoked. The ledger doesn't read what it stores, so one certificate serves all.
struct LedgerPopulation {
  let sample: SampleAuthority
  let ledger: SQLiteLedger

  init(home: String) throws {
    sample = try SampleAuthority()
    ledger = try SQLiteLedger.open(home + "/ledger.db")
  }

  func run(count: Int) async throws {
    let certificate = try sample.issuer.issue(
      sample.authorize(sample.request), serial: sample.serial(), at: sample.now
    ).der
    let now = Date()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<count {
        if index >= 256 { try await group.next() }
        group.addTask { try await add(index, certificate, at: now) }
      }
      try await group.waitForAll()
    }
    try ledger.close()
  }

  private func add(_ index: Int, _ certificate: [UInt8], at now: Date) async throws {
    let serial = sample.serial()
    // Every tenth is the renewal of the one before it.
    let node = index % 10 == 9 ? index - 1 : index
    let name = "node-\(node).agents.example.org"
    let start = now.addingTimeInterval(-Double(index % 90) * 86_400 + (node == index ? 0 : 3_600))
    let reservation = Reservation(
      serial: serial, issuer: sample.reference, subject: "CN=\(name),O=Example", commonName: name,
      organization: "Example", names: ["DNS:\(name)", "DNS:node-\(node).internal.example.org"], profile: "node",
      keyAlgorithm: "P-256", notBefore: start, notAfter: start.addingTimeInterval(90 * 86_400 + 3_600),
      publicKeyHash: [UInt8](repeating: 7, count: 32), request: sample.request, requestedBy: "bench")
    try await ledger.reserve(reservation, at: start)
    try await ledger.commit(serial, of: sample.reference, certificate: certificate, at: start)
    if index % 100 == 50 {
      try await ledger.revoke(serial, of: sample.reference, reason: .superseded, by: "bench", at: now)
    }
  }
}
