import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import Orchestrator
import Testing
import X509

@Suite("Enrolment with an operator's approval")
struct ApprovalTests {
  private func bench() throws -> EnrolmentBench {
    try EnrolmentBench(
      admission: AdmissionRules(
        approval: .init(names: [.init("*.example")], expiresAfter: .seconds(3600))))
  }

  @Test("a request waits with 202 and Retry-After, and gets its certificate once approved (RFC 7030 §4.2.3)")
  func approved() async throws {
    let bench = try bench()
    let body = try bench.request("node-1.example")
    for _ in 0..<2 {
      let waiting = try await bench.ask(body: body)
      #expect(waiting.status == 202)
      #expect(waiting.headers[.retryAfter] == "15")
    }
    let pending = try await bench.ledger.pendingRequests(.waiting, name: nil, at: bench.now)
    let request = try #require(pending.first)
    #expect(pending.count == 1)
    #expect(try await bench.events(.requestSubmitted).count == 1)
    let code = PairingCode(
      root: try bench.root.derBytes(), request: try VerifiedRequest(CertificateRequest(der: request.request)))
    #expect(PairingCode.matches(request.pairingCode, code.description))

    try await bench.ledger.decide(request.id, approve: true, by: "operator", at: bench.now)
    let stranger = try await bench.ask(body: try bench.request("node-1.example"))
    #expect(stranger.status == 202, "another request of the same name waits")
    let certificate = try await bench.ask(body: body).certificate
    let record = try await bench.ledger.record(of: certificate.serialNumber)
    #expect(record.reservation.admission?.claim == .approval(id: request.id))
    // The answer may have been lost.
    #expect(try await bench.ask(body: body).certificate == certificate)
  }

  @Test("the answer doesn't hold the pairing code, which the client has to compute")
  func noCode() async throws {
    let bench = try bench()
    let waiting = try await bench.ask(body: try bench.request("node-1.example"))
    let request = try #require(try await bench.ledger.pendingRequests(.waiting, name: nil, at: bench.now).first)
    #expect(!String(decoding: waiting.body, as: UTF8.self).contains(request.pairingCode.prefix(4)))
  }

  @Test("a denied request is refused, and one that expired waits anew")
  func denied() async throws {
    let bench = try bench()
    let body = try bench.request("node-1.example")
    _ = try await bench.ask(body: body)
    let request = try #require(try await bench.ledger.pendingRequests(.waiting, name: nil, at: bench.now).first)
    try await bench.ledger.decide(request.id, approve: false, by: "operator", at: bench.now)
    #expect(try await bench.ask(body: body).status == 403)
    bench.clock.advance(3601)
    #expect(try await bench.ask(body: body).status == 202)
  }

  @Test("names outside the patterns don't wait")
  func otherNames() async throws {
    let bench = try bench()
    #expect(try await bench.ask(body: try bench.request("node-1.other")).status == 401)
    let extra = SubjectName.dns(try DNSName("a.other"))
    #expect(try await bench.ask(body: try bench.request("node-1.example", names: [extra])).status == 401)
    #expect(try await bench.ledger.pendingRequests(.waiting, name: nil, at: bench.now).isEmpty)
  }

  @Test("an approval is used once, whoever polls at the same time")
  func race() async throws {
    let bench = try bench()
    let body = try bench.request("node-1.example")
    _ = try await bench.ask(body: body)
    let request = try #require(try await bench.ledger.pendingRequests(.waiting, name: nil, at: bench.now).first)
    try await bench.ledger.decide(request.id, approve: true, by: "operator", at: bench.now)
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<20 { group.addTask { try await bench.ask(body: body).status } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(statuses.allSatisfy { $0 == 200 || $0 == 409 })
    #expect(statuses.contains(200))
    #expect(try await bench.ledger.summary(.init(now: bench.now, warning: bench.now, critical: bench.now)).total == 1)
  }
}
