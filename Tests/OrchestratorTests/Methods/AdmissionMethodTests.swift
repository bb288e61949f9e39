import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import Orchestrator
import SwiftASN1
import Testing
import X509

@Suite("Admission by password, late renewal and partners")
struct AdmissionMethodTests {
  /// Of "correct horse", as weak as is allowed: a quick test.
  private static func passwords(_ names: String...) throws -> AdmissionRules.Passwords {
    let hash = try ScryptHash(
      phc: "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0")
    return .init(hashes: Dictionary(uniqueKeysWithValues: names.map { ($0, hash) }))
  }

  @Test("a password is good for its agent's first certificate, and for nothing beside the agent's name")
  func password() async throws {
    let bench = try MethodBench(AdmissionRules(passwords: try Self.passwords("bender", "welder")))
    for (request, what) in [
      (try bench.request("welder"), "another name"), (try bench.request("bender", dns: ["welder"]), "a name more"),
    ] {
      let answer = try await bench.enrol(request.request, user: "bender")
      #expect(answer.status == 403, "\(what)")
    }
    let mine = try bench.request("bender")
    #expect(try await bench.enrol(mine.request, user: "bender").certificate?.subject.commonName == "bender")
    #expect(try await bench.enrol(mine.request, user: "bender").cause == ClaimRefusal.passwordSpent.message)
    #expect(try await bench.enrol(try bench.request("welder").request, user: "welder").certificate != nil)
  }

  @Test("a wrong password and an unknown name get the same answer after the same work, and neither is written down")
  func wrongPassword() async throws {
    let bench = try MethodBench(AdmissionRules(passwords: try Self.passwords("bender")))
    let request = try bench.request("bender").request
    var problems: Set<Problem> = []
    for (user, password) in [("bender", "hunter2-secret"), ("hunter2-typed-here", "correct horse"), ("bender", "")] {
      let before = await bench.checks.runs
      guard case .refused(401, let refusal) = try await bench.enrol(request, user: user, password: password) else {
        Issue.record("\(user) was not refused")
        return
      }
      problems.insert(refusal.problem)
      #expect(await bench.checks.runs == before + 1)
    }
    #expect(problems.count == 1)
    #expect(problems.first?.headers[.wwwAuthenticate]?.hasPrefix("Basic ") == true)
    let events = try await bench.ledger.events(after: 0, limit: 100)
    #expect(!events.isEmpty && !events.contains { "\($0)".contains("hunter2") || "\($0)".contains("correct") })
  }

  @Test("guessing a password is limited by the name that is tried, before scrypt runs")
  func guessing() async throws {
    let bench = try MethodBench(
      AdmissionRules(passwords: try Self.passwords("bender", "welder")),
      limits: RateLimits(perIdentity: RateLimit(count: 2, per: .seconds(60))))
    let request = try bench.request("bender").request
    for _ in 0..<2 { #expect(try await bench.enrol(request, user: "bender", password: "wrong").status == 401) }
    guard case .refused(429, let refusal) = try await bench.enrol(request, user: "bender") else {
      Issue.record("the third attempt was made")
      return
    }
    #expect(refusal.problem.headers[.retryAfter] == "30")
    #expect(await bench.checks.runs == 2)
    #expect(try await bench.enrol(try bench.request("welder").request, user: "welder").certificate != nil)
    bench.clock.advance(30)
    #expect(try await bench.enrol(request, user: "bender").certificate != nil)
    #expect(try await bench.events("limit.exceeded").count == 1)
  }

  @Test("no more passwords are checked at once, and no more wait, than may")
  func crowd() async throws {
    let checks = PasswordChecks(atOnce: 1, mostWaiting: 2)
    let entries = try Self.passwords("a").hashes
    let outcomes = await withTaskGroup(of: Bool?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          let trial = PasswordTrial(
            name: "a", password: Array("correct horse".utf8), among: entries, decoySeed: [])
          return try? await checks.isRight(trial)
        }
      }
      return await group.reduce(into: [Bool?]()) { $0.append($1) }
    }
    let right = outcomes.count { $0 == true }
    #expect(right >= 3 && right < 20 && outcomes.count { $0 == nil } == 20 - right)
    #expect(await checks.runs == right)
  }

  @Test("an address pays more for what is refused; the first refusal by the limit is an event, the others are counted")
  func addresses() async throws {
    let rates = RateLimits(perAddress: RateLimit(count: 10, per: .seconds(60)))
    let bench = try MethodBench(AdmissionRules(), limits: rates)
    func request(_ source: String) async -> Problem? {
      await bench.limits.request(from: source, rates, at: bench.now)
    }
    for _ in 0..<2 {
      #expect(await request("2001:db8::1") == nil)
      bench.limits.refused(from: "2001:db8::2", rates)
    }
    #expect(await request("2001:db8::ffff")?.headers[.retryAfter] == "6")
    #expect(await request("2001:db8::ffff")?.status == .tooManyRequests)
    #expect(await request("2001:db8:0:1::1") == nil)
    let events = try await bench.events("limit.exceeded")
    #expect(events.map(\.subject) == ["2001:db8::/64"])
    #expect(events.first?.details == ["rule": "limits.perAddress", "unreported": "0"])
    let node = NodeRecord.Key(name: "a")
    let perNode = RateLimits(perIdentity: RateLimit(count: 1, per: .seconds(60)))
    #expect(await bench.limits.certificate(for: node, from: "a", perNode, at: bench.now) == nil)
    #expect(await bench.limits.certificate(for: node, from: "b", perNode, at: bench.now) != nil)
  }

  // MARK: Late renewal

  private static let late = AdmissionRules(renewal: .init(late: .seconds(3600)))

  /// A node with a certificate that has just expired.
  private func expired(_ rules: AdmissionRules = late) async throws
    -> (bench: MethodBench, certificate: Certificate, key: Certificate.PrivateKey)
  {
    var rules = rules
    rules.passwords = try Self.passwords("bender")
    let bench = try MethodBench(rules)
    let asked = try bench.request("bender")
    let certificate = try #require(try await bench.enrol(asked.request, user: "bender").certificate)
    bench.clock.advance(MethodBench.lifetime + 10)
    return (bench, certificate, asked.key)
  }

  @Test("an expired certificate is renewed by its key; its copy is refused afterwards, with an alarm")
  func lateRenewal() async throws {
    let (bench, old, key) = try await expired()
    let new = try bench.request("bender")
    let operation = try bench.evidence(old, key: key, request: new.request)
    let renewed = try #require(try await bench.enrol(new.request, operation).certificate)
    #expect(renewed.subject == old.subject && renewed.publicKey == new.key.publicKey)

    #expect(try await bench.enrol(new.request, operation).cause == LateRenewalError.usedNonce.message)
    let copy = try bench.request("bender")
    let answer = try await bench.enrol(copy.request, try bench.evidence(old, key: key, request: copy.request))
    #expect(answer.status == 403 && answer.cause == ClaimRefusal.certificateSuperseded.message)
    #expect(try await bench.events("alarm.superseded").count == 1)
  }

  @Test("late renewal keeps subject and names, and ends when the time that is allowed has passed")
  func lateLimits() async throws {
    let (bench, old, key) = try await expired()
    for other in [try bench.request("welder"), try bench.request("bender", dns: ["welder"])] {
      let operation = try bench.evidence(old, key: key, request: other.request)
      #expect(try await bench.enrol(other.request, operation).status == 403)
    }
    bench.clock.advance(3600)
    let new = try bench.request("bender")
    let answer = try await bench.enrol(new.request, try bench.evidence(old, key: key, request: new.request))
    #expect(answer.status == 403 && answer.cause.contains("expired more than 1h ago"))
  }

  @Test("without the old key, for another request, or with an old nonce there is no late renewal")
  func lateProof() async throws {
    let (bench, old, key) = try await expired()
    let new = try bench.request("bender")
    let stranger = try KeyKind.p256.generate()
    let wrong = LateRenewalError.wrongSignature.message
    #expect(
      try await bench.enrol(new.request, try bench.evidence(old, key: stranger, request: new.request)).cause == wrong)
    let operation = try bench.evidence(old, key: key, request: new.request)
    #expect(try await bench.enrol(try bench.request("bender").request, operation).cause == wrong)
    bench.clock.advance(61)
    #expect(try await bench.enrol(new.request, operation).cause == LateRenewalError.expiredNonce.message)
    let foreign = NonceBook().issue(at: bench.now)
    let made = try bench.evidence(old, key: key, request: new.request, nonce: foreign)
    #expect(try await bench.enrol(new.request, made).cause == LateRenewalError.unknownNonce.message)
  }

  @Test("what is revoked, valid still, issued elsewhere or not offered is not renewed late")
  func notLate() async throws {
    let (bench, old, key) = try await expired()
    let new = try bench.request("bender")
    let elsewhere = try await expired()
    let foreign = try bench.evidence(elsewhere.certificate, key: elsewhere.key, request: new.request)
    #expect(try await bench.enrol(new.request, foreign).cause == "the certificate was not issued here")

    let reference = bench.core.current.authority.signing.reference
    try await bench.ledger.revoke(old.serialNumber, of: reference, reason: .keyCompromise, by: "test", at: bench.now)
    let revoked = try await bench.enrol(new.request, try bench.evidence(old, key: key, request: new.request))
    #expect(revoked.status == 403 && revoked.cause.contains("is revoked"))

    let off = try await expired(AdmissionRules())
    let request = try off.bench.request("bender").request
    #expect(
      try await off.bench.enrol(request, try off.bench.evidence(off.certificate, key: off.key, request: request)).cause
        == "late renewal is not offered")

    let early = try MethodBench(
      AdmissionRules(passwords: try Self.passwords("bender"), renewal: .init(late: .seconds(3600))))
    let asked = try early.request("bender")
    let valid = try #require(try await early.enrol(asked.request, user: "bender").certificate)
    let again = try early.request("bender").request
    let answer = try await early.enrol(again, try early.evidence(valid, key: asked.key, request: again))
    #expect(answer.cause.contains("still valid"))
  }

  // MARK: Partners

  @Test(
    "a partner's certificate lets in its own organization under its own names, as long as it is valid and a partner's")
  func partner() async throws {
    var generator = SystemRandomNumberGenerator()
    let foreignRoot = try Issuer.root(
      AuthorityPlan(name: "ORG2 CA", lifetime: .seconds(10 * 31_536_000)), key: try KeyKind.p256.generate(),
      serial: .random(using: &generator), at: MethodBench.start)
    let bench = try MethodBench(
      AdmissionRules(partners: [
        .init(organization: "ORG2", trust: [foreignRoot.certificate], dns: [".org2.example"])
      ]))
    let own = try VerifiedRequest(CertificateRequest(der: bench.request("anything").request))
    let client = try foreignRoot.issue(
      IssuancePolicy.unrestricted.authorize(Grant(own, profile: .client, lifetime: .seconds(3600)), as: .desk),
      serial: .random(using: &generator), at: MethodBench.start)
    func peer(_ organization: String) -> PeerIdentity {
      PeerIdentity(certificate: client.certificate, der: client.der, origin: .partner(organization: organization))
    }
    let node = try bench.request("a.org2.example", "ORG2").request
    let certificate = try #require(try await bench.enrol(node, peer: peer("ORG2")).certificate)
    #expect(certificate.subject.organization == "ORG2")
    let record = try #require(try await bench.ledger.records(of: certificate.serialNumber).first)
    #expect(record.reservation.admission?.kind == .partner)
    for refused in [
      try bench.request("a.org2.example", "ORG1"), try bench.request("a.org1.example", "ORG2"),
      try bench.request("a.org2.example", "ORG2", dns: ["orchestrator.example"]), try bench.request("bender", "ORG2"),
      try bench.request("welder_robots", "ORG2"), try bench.request("10.0.0.1", "ORG2"),
    ] {
      #expect(try await bench.enrol(refused.request, peer: peer("ORG2")).status == 403)
    }
    // A partner that the configuration doesn't know any more, and a certificate that expired on its connection.
    #expect(try await bench.enrol(node, peer: peer("ORG3")).status == 403)
    bench.clock.advance(3601)
    let late = try await bench.enrol(node, peer: peer("ORG2"))
    #expect(late.status == 403 && late.cause.contains("not valid"))
  }
}
