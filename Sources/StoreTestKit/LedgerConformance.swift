import Foundation
package import Ledger

/// What every implementation of the ledger must do. A test runs each case against a fresh ledger.
package struct LedgerConformance: Sendable, CustomStringConvertible {
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  /// A sentence.
  package let name: String
  private let body: @Sendable (any CertificateLedger) async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (any CertificateLedger) async throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Runs the case, and then the ledger's own verification.
  package func run(on ledger: any CertificateLedger) async throws {
    try await body(ledger)
    let report = try await ledger.verify(against: nil)
    try Self.expect(report.isIntact, "verification found: \(report.problems.map(\.explanation))")
  }

  package var description: String { name }

  package static let all: [LedgerConformance] = issuance + revocation + catalog + events

  static func expect(_ condition: Bool, _ explanation: @autoclosure () -> String) throws {
    guard condition else { throw Failure(description: explanation()) }
  }

  static func expectEqual<T: Equatable>(_ found: T, _ expected: T, _ what: String) throws {
    try expect(found == expected, "\(what): \(found) instead of \(expected)")
  }

  static func expect(_ expected: LedgerError, _ body: () async throws(LedgerError) -> Void) async throws {
    do throws(LedgerError) {
      try await body()
    } catch {
      return try expect(error == expected, "threw \(error) instead of \(expected)")
    }
    throw Failure(description: "did not throw \(expected)")
  }
}
