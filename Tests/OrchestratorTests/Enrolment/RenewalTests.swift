import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import Orchestrator
import Testing
import X509

@Suite("Renewal with the present certificate")
struct RenewalTests {
  private func enrolled(_ bench: EnrolmentBench, path: String = "simpleenroll") async throws -> Certificate {
    let token = try await bench.invite()
    let body = try bench.request("node-1.example", organization: "ORG1")
    return try await bench.ask(.post, path, body: body, credentials: token).certificate
  }

  private func renew(
    _ bench: EnrolmentBench, _ peer: Certificate?, name: String = "node-1.example", organization: String? = "ORG1",
    names: [SubjectName] = [], path: String = "simplereenroll"
  ) async throws -> EnrolmentBench.Answer {
    let body = try bench.request(name, organization: organization, names: names)
    return try await bench.ask(.post, path, body: body, peer: peer)
  }

  @Test("the same names with another key get the next certificate")
  func renewed() async throws {
    let bench = try EnrolmentBench()
    let old = try await enrolled(bench)
    bench.clock.advance(30 * 86_400)
    let new = try await renew(bench, old).certificate
    #expect(new.subject == old.subject)
    #expect(new.publicKey != old.publicKey)
    #expect(new.notValidAfter > old.notValidAfter)
    let record = try await bench.ledger.record(of: new.serialNumber)
    #expect(record.reservation.admission?.kind == .renewal)
  }

  @Test("the same key is renewed as well (RFC 7030 §4.2.2)")
  func sameKey() async throws {
    let bench = try EnrolmentBench()
    let body = try bench.request("node-1.example", key: try KeyKind.p256.generate())
    let token = try await bench.invite()
    let old = try await bench.ask(body: body, credentials: token).certificate
    let new = try await bench.ask(.post, "simplereenroll", body: body, peer: old).certificate
    #expect(new.publicKey == old.publicKey)
    #expect(new.serialNumber != old.serialNumber)
  }

  @Test("a renewal that changes names, organization or profile is refused (RFC 7030 §4.2.2)")
  func changes() async throws {
    let bench = try EnrolmentBench()
    let old = try await enrolled(bench, path: "client/simpleenroll")
    let extra = SubjectName.dns(try DNSName("b.example"))
    let refused = try await renew(bench, old, name: "node-2.example")
    #expect(refused.status == 403)
    #expect(refused.headers[.contentType] == "application/problem+json")
    #expect(refused.text.contains("a renewal keeps its subject"))
    #expect(try await renew(bench, old, organization: "ORG2").status == 403)
    #expect(try await renew(bench, old, organization: "org1").status == 403)
    #expect(try await renew(bench, old, organization: nil).status == 403)
    #expect(try await renew(bench, old, names: [extra]).status == 403)
    #expect(try await renew(bench, old, path: "node/simplereenroll").status == 403)
    let new = try await renew(bench, old).certificate
    #expect(try new.extensions.extendedKeyUsage.map(Array.init) == [.clientAuth])
  }

  @Test("without a client certificate, or with an expired or revoked one, nothing is renewed")
  func notAdmitted() async throws {
    let bench = try EnrolmentBench()
    let old = try await enrolled(bench)
    #expect(try await renew(bench, nil).status == 403)
    try await bench.ledger.revoke(
      old.serialNumber, of: bench.core.current.authority.signing.reference, reason: .keyCompromise, by: "test",
      at: bench.now)
    #expect(try await renew(bench, old).status == 403)
    let other = try await enrolled(bench)
    bench.clock.advance(91 * 86_400)
    #expect(try await renew(bench, other).status == 403)
  }

  @Test("a node that is shut out gets nothing")
  func shutOut() async throws {
    let bench = try EnrolmentBench()
    let old = try await enrolled(bench)
    let key = NodeRecord.Key(name: "node-1.example", organization: "ORG1")
    _ = try await bench.ledger.shutOut(
      key, isShutOut: true, reason: .privilegeWithdrawn, by: "test", at: bench.now)
    #expect(try await renew(bench, old).status == 403)
    let token = try await bench.invite()
    let body = try bench.request("node-1.example", organization: "ORG1")
    #expect(try await bench.ask(body: body, credentials: token).status == 403)
  }

  @Test("a replaced certificate renews while its successor was never seen, and raises an alarm afterwards")
  func superseded() async throws {
    let bench = try EnrolmentBench()
    let key = NodeRecord.Key(name: "node-1.example", organization: "ORG1")
    let old = try await enrolled(bench)
    _ = try await renew(bench, old).certificate
    // The answer was lost.
    let newest = try await renew(bench, old).certificate
    #expect(try await bench.events(.supersededUsed).isEmpty)
    try await bench.ledger.saw([key: .init(serial: newest.serialNumber, at: bench.now, source: "192.0.2.1")])
    // The copy is seen as well, and must not hide what was seen before.
    bench.clock.advance(10)
    try await bench.ledger.saw([key: .init(serial: old.serialNumber, at: bench.now, source: "192.0.2.2")])
    #expect(try await renew(bench, old).status == 403)
    #expect(try await bench.events(.supersededUsed).count == 1)
    #expect(try await renew(bench, newest).status == 200)
  }
}
