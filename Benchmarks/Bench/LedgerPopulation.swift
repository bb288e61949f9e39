import Credentials
import Foundation
import Ledger
import LedgerSQLite
import SwiftASN1
import X509

/// Fills a ledger for measurements: a fleet whose certificates expire over the next 90 days, a tenth of them renewed
/// already, some revoked. The ledger doesn't read what it stores, so one certificate serves all.
struct LedgerPopulation {
  let sample: SampleAuthority
  let ledger: SQLiteLedger
  let issuer: IssuerReference

  /// - Parameter number: of the issuer in the home whose certificates they are; nil for one that the home doesn't know.
  init(home: String, issuer number: Int? = nil) throws {
    sample = try SampleAuthority()
    ledger = try SQLiteLedger.open(home + "/ledger.db")
    guard let number else {
      issuer = sample.reference
      return
    }
    let pem = try String(contentsOfFile: "\(home)/authority/issuer-\(number).crt", encoding: .utf8)
    let end = pem.range(of: "-----END CERTIFICATE-----")?.upperBound ?? pem.endIndex
    issuer = try IssuerReference(
      publicKey: Certificate(pemEncoded: String(pem[..<end])).publicKey, ordinal: number)
  }

  /// - Parameter revoked: how many of them are revoked, evenly spread.
  func run(count: Int, revoked: Int) async throws {
    let certificate = try sample.issuer.issue(
      sample.authorize(sample.request), serial: sample.serial(), at: sample.now
    ).der
    let now = Date()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<count {
        if index >= 256 { try await group.next() }
        let isRevoked = (index + 1) * revoked / count > index * revoked / count
        group.addTask { try await add(index, certificate, isRevoked: isRevoked, at: now) }
      }
      try await group.waitForAll()
    }
    try ledger.close()
  }

  private func add(_ index: Int, _ certificate: [UInt8], isRevoked: Bool, at now: Date) async throws {
    let serial = sample.serial()
    // Every tenth is the renewal of the one before it.
    let node = index % 10 == 9 ? index - 1 : index
    let name = "node-\(node).agents.example.org"
    let start = now.addingTimeInterval(-Double(index % 90) * 86_400 + (node == index ? 0 : 3_600))
    let reservation = Reservation(
      serial: serial, issuer: issuer, subject: "CN=\(name),O=Example", commonName: name,
      organization: "Example", names: ["DNS:\(name)", "DNS:node-\(node).internal.example.org"], profile: "node",
      keyAlgorithm: "P-256", notBefore: start, notAfter: start.addingTimeInterval(90 * 86_400 + 3_600),
      publicKeyHash: [UInt8](repeating: 7, count: 32), request: sample.request, requestedBy: "bench")
    try await ledger.reserve(reservation, at: start)
    try await ledger.commit(serial, of: issuer, certificate: certificate, at: start)
    if isRevoked {
      try await ledger.revoke(serial, of: issuer, reason: .superseded, by: "bench", at: now)
    }
  }
}
