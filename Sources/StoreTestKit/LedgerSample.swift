package import Credentials
package import Foundation
package import Ledger
import X509

/// Made-up content for a ledger. The certificates are not certificates: a ledger never looks inside.
package struct LedgerSample: Sendable {
  package static let epoch = Date(unixSeconds: 1_767_225_600)
  package static let issuer = IssuerReference(keyID: [UInt8](repeating: 0xA1, count: 32), ordinal: 1)
  package static let otherIssuer = IssuerReference(keyID: [UInt8](repeating: 0xB2, count: 32), ordinal: 2)

  package static func serial(_ number: Int) -> SerialNumber {
    var bytes = [UInt8](repeating: 0x11, count: 20)
    withUnsafeBytes(of: UInt64(truncatingIfNeeded: number).bigEndian) { bytes.replaceSubrange(12..<20, with: $0) }
    return SerialNumber(bytes: bytes)
  }

  /// A reservation for `node-<number>`, valid from the epoch for `days`.
  package static func reservation(
    _ number: Int, issuer: IssuerReference = LedgerSample.issuer, name: String? = nil, days: Int = 90
  ) -> Reservation {
    let name = name ?? "node-\(number)"
    return Reservation(
      serial: serial(number), issuer: issuer, subject: "CN=\(name),O=Example", commonName: name,
      organization: "Example", names: ["dns:\(name).example", "ip:10.0.0.1"], profile: "node", keyAlgorithm: "p256",
      notBefore: epoch, notAfter: epoch.addingTimeInterval(Double(days) * 86_400),
      publicKeyHash: ledgerFingerprint(Array("key \(number)".utf8)), request: Array("request \(number)".utf8),
      requestedBy: "operator")
  }

  /// As large as a P-256 certificate.
  package static func certificate(_ number: Int) -> [UInt8] {
    Array("certificate \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 560)
  }

  /// Reserves and commits.
  package static func issue(
    _ number: Int, on ledger: any IssuanceLog, issuer: IssuerReference = LedgerSample.issuer, name: String? = nil,
    days: Int = 90
  ) async throws(LedgerError) {
    try await ledger.reserve(reservation(number, issuer: issuer, name: name, days: days), at: epoch)
    try await ledger.commit(
      serial(number), of: issuer, certificate: certificate(number), at: epoch.addingTimeInterval(1))
  }
}

/// Work to measure a ledger with.
package enum LedgerWorkload {
  /// Issues certificates `first ..< first + count`, that many at a time, each reserved and then committed.
  package static func issue(
    _ count: Int, from first: Int = 0, concurrency: Int, on ledger: any IssuanceLog
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<max(1, concurrency) {
        group.addTask {
          for number in stride(from: first + worker, to: first + count, by: max(1, concurrency)) {
            try await LedgerSample.issue(number, on: ledger, days: 30 + number % 60)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
