import Credentials
import Foundation
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

@Suite("A ledger of an older program")
struct SchemaTests {
  /// A ledger that countersign 0.2 wrote: two nodes, one revoked, and a CRL.
  private func old() throws -> (TemporaryDirectory, String) {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Vectors/ledger/schema-1.sql").standardizedFileURL
    try Tool.require("sqlite3", [path, ".read \(dump.path)"])
    return (scratch, path)
  }

  @Test("is brought up to date with all that it holds, and goes on")
  func migration() async throws {
    let (scratch, path) = try old()
    #expect(throws: LedgerError.olderSchema(path: path, found: 1, supported: 2)) {
      try SQLiteLedger.open(path, .readOnly)
    }
    #expect(try SQLiteLedger.migrate(path) == (1, 2))
    let ledger = try SQLiteLedger.open(path)
    let report = try await ledger.verify(against: nil)
    #expect(report.isIntact, "\(report.problems)")
    #expect(report.events == 8)
    #expect(report.certificates == 2)
    let nodes = try await ledger.nodes(after: nil, limit: 10).nodes
    #expect(nodes.map(\.key.name) == ["node-a", "node-b"])
    #expect(nodes.map(\.latest.state) == [.revoked, .issued])
    #expect(nodes.allSatisfy { $0.admission == nil })
    #expect(try await ledger.revocations(after: 0, limit: 10).map(\.serial) == [nodes[0].latest.serial])
    let claim = Admission.Claim.renewal(
      of: nodes[1].latest.serial, issuer: nodes[1].latest.issuer, isLatest: true)
    try await LedgerSample.issue(LedgerSample.admitted(1, .renewal, claim, name: "node-b"), on: ledger)
    #expect(try await ledger.verify(against: nil).isIntact)
    withExtendedLifetime(scratch) {}
  }

  @Test("every question that the service asks is answered by an index")
  func indexes() async throws {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    try SQLiteLedger.create(at: path)
    for sql in [
      "SELECT * FROM certificates WHERE serial = x'00' AND issuer = x'00'",
      "SELECT * FROM certificates WHERE common_name = 'a' AND organization IS 'b' AND id > 5 LIMIT 1",
      "SELECT 1 FROM certificates WHERE common_name = 'a' AND admission = 'password' LIMIT 1",
      "SELECT * FROM events WHERE kind = 'certificate.revoked' AND sequence > 5 ORDER BY sequence",
      "SELECT * FROM requests WHERE state = 'waiting' AND expires_at > 5",
      "SELECT * FROM invitations WHERE id = 'a'", "SELECT * FROM sightings WHERE name = 'a' AND organization = 'b'",
    ] {
      let plan = try Tool.require("sqlite3", [path, "EXPLAIN QUERY PLAN \(sql)"]).text
      #expect(plan.contains("SEARCH"), "\(sql): \(plan)")
    }
  }
}
