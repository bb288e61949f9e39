import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import Orchestrator
import Testing
import X509

@Suite("Enrolment with a token")
struct TokenEnrolmentTests {
  @Test("a token gets one certificate, which is in the record with its admission")
  func once() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite(.init(name: "node-1.example"))
    let answer = try await bench.ask(body: try bench.request("node-1.example"), credentials: token)
    #expect(answer.status == 200)
    #expect(answer.headers[.contentType] == "application/pkcs7-mime; smime-type=certs-only")
    let certificate = try answer.certificate
    let record = try await bench.ledger.record(of: certificate.serialNumber)
    #expect(record.state == .issued)
    #expect(record.reservation.admission?.claim == .invitation(id: token.id))
    #expect(record.reservation.admission?.source == "192.0.2.1")
    #expect(record.reservation.admission?.rule == "admission.tokens, policy default")

    let again = try await bench.ask(body: try bench.request("node-1.example"), credentials: token)
    #expect(again.status == 403)
    #expect(try await bench.events(.requestRefused).count == 1)
  }

  @Test("of fifty clients that race for one use, one wins")
  func race() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite()
    let bodies = try (0..<50).map { try bench.request("node-\($0).example") }
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for body in bodies { group.addTask { try await bench.ask(body: body, credentials: token).status } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(statuses.count { $0 == 200 } == 1)
    #expect(statuses.count { $0 == 403 } == 49)
    #expect(try await bench.ledger.summary(.init(now: bench.now, warning: bench.now, critical: bench.now)).total == 1)
  }

  @Test("names beyond the token's are refused, and the token stays unspent")
  func otherNames() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite(.init(name: "node-1.example", organization: "ORG1"))
    let other = SubjectName.dns(try DNSName("other.example"))
    let address = SubjectName.ip(try #require(IPAddress("10.0.0.1")))
    for body in [
      try bench.request("node-2.example", organization: "ORG1"), try bench.request("node-1.example"),
      try bench.request("node-1.example", organization: "ORG1", names: [other]),
      try bench.request("node-1.example", organization: "ORG1", names: [address]),
    ] {
      let answer = try await bench.ask(body: body, credentials: token)
      #expect(answer.status == 403)
    }
    let good = try await bench.ask(body: try bench.request("node-1.example", organization: "ORG1"), credentials: token)
    #expect(good.status == 200)
  }

  @Test("an unknown token, a wrong secret and a kind that isn't offered have the same answer")
  func sameAnswer() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite()
    let stranger = try #require(TokenSecret(random: (0..<28).map { UInt8($0) }))
    let wrong = try #require(TokenSecret(id: token.id, text: stranger.text))
    let body = try bench.request("node-1")
    let answers = [
      try await bench.ask(body: body, credentials: stranger), try await bench.ask(body: body, credentials: wrong),
      try await bench.ask(body: body, type: "application/pkcs10", headers: [.authorization: "Basic QTpC"]),
    ]
    for answer in answers {
      #expect(answer.status == 401)
      #expect(answer.text == answers[0].text)
      #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
    }
    let events = try await bench.events(.requestRefused)
    #expect(events.count == 3)
    #expect(!events.contains { $0.detail.contains(stranger.text) })
  }

  @Test("an expired and a withdrawn token get nothing")
  func gone() async throws {
    let bench = try EnrolmentBench()
    let expired = try await bench.invite(lifetime: 60)
    let withdrawn = try await bench.invite(uses: 2)
    #expect(try await bench.ask(body: try bench.request("a"), credentials: withdrawn).status == 200)
    try await bench.ledger.withdrawInvitation(withdrawn.id, by: "test", at: bench.now)
    #expect(try await bench.ask(body: try bench.request("b"), credentials: withdrawn).status == 403)
    bench.clock.advance(60)
    #expect(try await bench.ask(body: try bench.request("c"), credentials: expired).status == 403)
  }

  @Test("the policy holds beside the token, and the longest lifetime that it allows is granted")
  func policy() async throws {
    let rule = PolicyRule(label: "short", names: [.init("*.example")], keys: [.p256], longest: .seconds(86_400))
    let bench = try EnrolmentBench(policy: IssuancePolicy(rules: [rule]))
    let token = try await bench.invite(uses: 10)
    #expect(try await bench.ask(body: try bench.request("node.other"), credentials: token).status == 403)
    let p384 = try bench.request("node.example", key: try KeyKind.p384.generate())
    #expect(try await bench.ask(body: p384, credentials: token).status == 403)
    let certificate = try await bench.ask(body: try bench.request("node.example"), credentials: token).certificate
    #expect(certificate.notValidAfter == bench.now + 86_400)
  }

  @Test("without credentials there is a challenge (RFC 7030 §3.2.3)")
  func challenge() async throws {
    let bench = try EnrolmentBench()
    let answer = try await bench.ask(body: try bench.request("node-1"))
    #expect(answer.status == 401)
    #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
  }

  @Test("a flood of refusals is counted, not written one by one")
  func flood() async throws {
    let bench = try EnrolmentBench()
    let body = try bench.request("node-1")
    for _ in 0..<40 { _ = try await bench.ask(body: body) }
    #expect(try await bench.events(.requestRefused).count == EventBudget.mostOfOne)
    bench.clock.advance(61)
    _ = try await bench.ask(body: body)
    let counted = try await bench.events(.requestRefused).compactMap { $0.details["count"] }
    #expect(counted == ["\(40 - EventBudget.mostOfOne)"])
  }
}
