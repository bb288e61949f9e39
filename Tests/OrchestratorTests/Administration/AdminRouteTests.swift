import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import PKITestKit
import SwiftASN1
import Testing
import X509

@testable import Credentials
@testable import Orchestrator

@Suite("the administration interface")
struct AdminRouteTests {
  /// A body that each operation takes; operations without one are not in here.
  private static let bodies = [
    "POST /v1/invitations": #"{"name": "node-1"}"#, "POST /v1/nodes/{name}/revoke": "{}",
    "POST /v1/nodes/{name}/readmit": "{}", "POST /v1/requests/{id}/approve": #"{"code": "AAAA"}"#,
    "POST /v1/certificates/{serial}/revoke": "{}",
    "POST /v1/access-tokens": #"{"name": "bo", "role": "reader"}"#, "POST /v1/policy/test": #"{"request": ""}"#,
    "POST /v1/certificates": #"{"request": ""}"#,
  ]

  @Test("each operation takes its role and those above it, and no other")
  func roles() async throws {
    let fixture = try await AdministrationFixture()
    var tokens: [AccessToken.Role: String] = [:]
    for role in AccessToken.Role.allCases { tokens[role] = try await fixture.token(role) }
    for endpoint in AdminRoutes.endpoints {
      let name = "\(endpoint.method.rawValue) \(endpoint.path)"
      let path = endpoint.path.replacingOccurrences(of: "{name}", with: "nobody")
        .replacingOccurrences(of: "{id}", with: "0123456789abcdef").replacingOccurrences(of: "{serial}", with: "0f")
      let nobody = try await fixture.call(endpoint.method, path, json: Self.bodies[name])
      #expect((nobody.status == 401) == (endpoint.role != nil), "\(name) without a token: \(nobody.status)")
      guard let least = endpoint.role else { continue }
      #expect(nobody.fields[.wwwAuthenticate] == "Bearer realm=\"countersign\"")
      for role in AccessToken.Role.allCases {
        let answer = try await fixture.call(endpoint.method, path, as: tokens[role], json: Self.bodies[name])
        if role < least {
          #expect(answer.status == 403, "\(name) as \(role): \(answer.status)")
        } else {
          #expect([200, 201, 404, 422].contains(answer.status), "\(name) as \(role): \(answer.status) \(answer.text)")
        }
      }
    }
  }

  @Test("a token that is wrong, cut off, expired or withdrawn is refused in the same words")
  func wrongTokens() async throws {
    let fixture = try await AdministrationFixture()
    let good = try await fixture.token(.reader)
    let expired = try await fixture.token(.reader, lifetime: -1)
    let withdrawn = try await fixture.token(.reader)
    let id = String(withdrawn.dropFirst("Bearer ".count).prefix(16))
    try await fixture.ledger.withdrawAccessToken(id, by: "test", at: Date())
    let unknown = "Bearer 0123456789abcdef." + good.drop { $0 != "." }.dropFirst()
    let wrong = String(good.dropLast()) + (good.hasSuffix("a") ? "b" : "a")
    #expect(try await fixture.call(.get, "/v1/nodes", as: good).status == 200)
    var answers: Set<String> = []
    for token in [expired, withdrawn, unknown, wrong, String(good.dropLast(5)), "Bearer x"] {
      let answer = try await fixture.call(.get, "/v1/nodes", as: token)
      #expect(answer.status == 401)
      answers.insert(
        answer.text.replacingOccurrences(of: #""instance":"[^"]*""#, with: "", options: .regularExpression))
    }
    #expect(answers.count == 1)
    #expect(try await fixture.call(.get, "/v1/nodes", as: "Basic \(good)").status == 401)
  }

  @Test("a client certificate administers as the configuration says, and only one of our own")
  func certificates() async throws {
    let fixture = try await AdministrationFixture { configuration in
      configuration.administrators = [
        AdministratorRule(name: NamePattern("ops-*"), organization: "ORG1", role: .operator),
        AdministratorRule(name: NamePattern("ops-1"), role: .reader),
      ]
    }
    let own = PeerIdentity.Origin.own(fixture.core.current.authority.signing.reference)
    let authentication = AdminAuthentication(core: fixture.core)
    func role(_ name: String, _ organization: String?, _ origin: PeerIdentity.Origin) async throws -> Administrator {
      let serial = try await fixture.issue(name, organization: organization)
      let record = try await fixture.ledger.record(of: SerialNumber.parse(serial))
      guard let der = record.issuance?.certificate else { throw Tool.Failure(description: "not issued") }
      let peer = PeerIdentity(certificate: try Certificate(derEncoded: der), der: der, origin: origin)
      return try await authentication.administrator(nil, peer: peer, least: .reader)
    }
    #expect(try await role("ops-1", "ORG1", own).role == .operator)
    #expect(try await role("ops-1", "ORG1", own).actor == "certificate ops-1")
    #expect(try await role("ops-1", "ORG2", own).role == .reader)
    await #expect(throws: Problem.self) { try await role("ops-2", "ORG2", own) }
    await #expect(throws: Problem.self) { try await role("node-1", "ORG1", own) }
    await #expect(throws: Problem.self) { try await role("ops-1", "ORG1", .partner(organization: "ORG1")) }
  }

  @Test(
    "what isn't known, is null or of the wrong type is refused",
    arguments: [
      (#"{"name": "a", "nmae": "b"}"#, 400), (#"{"name": null}"#, 400), (#"{"name": 1}"#, 400),
      (#"{"uses": 1.5}"#, 400),
      ("[]", 400), ("", 400), ("{", 400), (#"{"name": ""}"#, 422), (#"{"name": "a\u0000b"}"#, 422), ("{}", 422),
      (#"{"name": "a", "uses": 0}"#, 422), (#"{"name": "a", "lifetimeSeconds": 99999999999}"#, 422),
      (#"{"dns": ["-x"]}"#, 422), (#"{"name": "a", "uses": 1e400}"#, 400),
    ])
  func strictBodies(_ body: String, _ status: Int) async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let answer = try await fixture.call(.post, "/v1/invitations", as: token, json: body)
    #expect(answer.status == status, "\(answer.text)")
    #expect(answer.fields[.contentType] == "application/problem+json")
    #expect(try await fixture.ledger.invitations(usableAt: nil, limit: 10).isEmpty)
  }

  @Test(
    "parameters that are unknown, doubled or out of bounds are refused",
    arguments: [
      "/v1/nodes?limits=3", "/v1/nodes?limit=3&limit=4", "/v1/nodes?limit=0", "/v1/nodes?limit=1001",
      "/v1/nodes?limit=+3",
      "/v1/nodes?limit=%zz", "/v1/requests?state=asleep", "/v1/certificates?expiringBefore=tomorrow",
      "/v1/events?after=-1", "/v1/events?after=99999999999999999999", "/v1/invitations?usable=yes",
    ])
  func strictQueries(_ target: String) async throws {
    let fixture = try await AdministrationFixture()
    #expect(try await fixture.call(.get, target, as: try await fixture.token(.reader)).status == 400)
  }

  @Test("a body of another media type or of more than 64 KiB is refused")
  func bodies() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let other = try await fixture.call(
      .post, "/v1/invitations", as: token, json: "name=a", fields: [.contentType: "application/x-www-form-urlencoded"])
    #expect(other.status == 415)
    let large = #"{"name": "\#(String(repeating: "a", count: 70_000))"}"#
    #expect(try await fixture.call(.post, "/v1/invitations", as: token, json: large).status == 413)
  }

  @Test("an invitation is made once, shown without its secret, and withdrawn as often as one likes")
  func invitation() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let made = try await fixture.call(
      .post, "/v1/invitations", as: token, json: #"{"organization": "ORG2", "dns": [".org2.example"], "uses": 3}"#)
    let created = try made.decode(API.CreatedInvitation.self)
    #expect(made.status == 201 && made.fields[.cacheControl] == "no-store")
    #expect(made.fields[.location] == "/v1/invitations/\(created.invitation.id)")
    let secret = try #require(created.joinString.split(separator: "=").last)
    let shown = try await fixture.call(.get, "/v1/invitations/\(created.invitation.id)", as: token)
    #expect(try shown.decode(API.Invitation.self) == created.invitation)
    for _ in 0..<2 {
      let gone = try await fixture.call(.delete, "/v1/invitations/\(created.invitation.id)", as: token)
      #expect(gone.status == 204)
    }
    let list = try await fixture.call(.get, "/v1/invitations", as: token)
    #expect(try list.decode(API.InvitationList.self).invitations.map(\.state) == [.withdrawn])
    let usable = try await fixture.call(.get, "/v1/invitations?usable=true", as: token)
    #expect(try usable.decode(API.InvitationList.self).invitations.isEmpty)
    let events = try await fixture.events()
    #expect(events.suffix(2).map(\.kind) == [.invitationCreated, .invitationWithdrawn])
    #expect(events.suffix(2).allSatisfy { $0.actor == "token ada" })
    let said = (shown.text + list.text + "\(events)").lowercased()
    #expect(!said.contains(secret.lowercased()))
  }

  @Test("a request is approved only with its code, and denied after five wrong ones")
  func pairing() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let (one, two) = (try await fixture.submit("node-1"), try await fixture.submit("node-2"))
    func approve(_ request: PendingRequest, _ code: String) async throws -> AdministrationFixture.Answer {
      try await fixture.call(
        .post, "/v1/requests/\(request.id)/approve", as: token, json: #"{"code": "\#(code)"}"#)
    }
    #expect(try await approve(one, two.pairingCode).status == 403)
    #expect(try await fixture.ledger.pendingRequest(one.id)?.state == .waiting)
    #expect(try await approve(one, one.pairingCode.lowercased().replacingOccurrences(of: "-", with: " ")).status == 200)
    #expect(try await approve(one, one.pairingCode).status == 409)
    for _ in 0..<5 { #expect(try await approve(two, "AAAA-AAAA-AAAA").status == 403) }
    #expect(try await approve(two, two.pairingCode).status == 409)
    #expect(try await fixture.ledger.pendingRequest(two.id)?.state == .denied)
    let kinds = try await fixture.events().map(\.kind)
    #expect(kinds.filter { $0 == .pairingCodeRefused }.count == 6)
    #expect(kinds.last == .requestDenied)
    #expect(try await fixture.ledger.verify(against: nil).isIntact)
  }

  @Test("a node is shut out with all its certificates, and let in again")
  func shutOut() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let serial = try await fixture.issue("node 1", organization: "ORG1")
    try await fixture.issue("node 1", organization: "ORG2")
    let path = "/v1/nodes/node%201"
    #expect(try await fixture.call(.get, path, as: token).status == 409)
    #expect(try await fixture.call(.get, "\(path)?organization=ORG1", as: token).status == 200)
    let revoked = try await fixture.call(
      .post, "\(path)/revoke", as: token, json: #"{"organization": "ORG1", "reason": "keyCompromise"}"#)
    #expect(try revoked.decode(API.NodeDecision.self).revoked == [serial])
    let detail = try await fixture.call(.get, "\(path)?organization=ORG1", as: token).decode(API.NodeDetail.self)
    #expect(detail.node.state == .shutOut && detail.certificates.map(\.state) == ["revoked"])
    let back = try await fixture.call(.post, "\(path)/readmit", as: token, json: #"{"organization": "ORG1"}"#)
    #expect(try back.decode(API.NodeDecision.self).state == .admitted)
    #expect(try await fixture.call(.post, "/v1/nodes/nobody/revoke", as: token, json: "{}").status == 404)
    let events = try await fixture.events().filter { $0.actor == "token ada" }.map(\.kind)
    #expect(events == [.nodeShutOut, .certificateRevoked, .nodeReadmitted])
  }

  @Test("a certificate is found as JSON and PEM, asked for again by its ETag, and revoked once")
  func certificate() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.operator)
    let path = "/v1/certificates/\(try await fixture.issue("node-1"))"
    let found = try await fixture.call(.get, path, as: token)
    let pem = try await fixture.call(.get, path, as: token, fields: [.accept: "application/x-pem-file"])
    #expect(try found.decode(API.CertificateDetail.self).pem == pem.text)
    #expect(pem.text.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
    let tag = try #require(found.fields[.eTag])
    let same = try await fixture.call(.get, path, as: token, fields: [.ifNoneMatch: "\"x\", W/\(tag)"])
    #expect(same.status == 304 && same.body.isEmpty)
    #expect(try await fixture.call(.post, "\(path)/revoke", as: token, json: #"{"reason": "why"}"#).status == 422)
    #expect(try await fixture.call(.post, "\(path)/revoke", as: token, json: "{}").status == 200)
    #expect(try await fixture.call(.post, "\(path)/revoke", as: token, json: "{}").status == 409)
    #expect(try await fixture.call(.get, path, as: token, fields: [.ifNoneMatch: tag]).status == 200)
    #expect(try await fixture.call(.get, "/v1/certificates/zz", as: token).status == 404)
  }

  @Test("the policy is asked without anything being issued")
  func policy() async throws {
    let fixture = try await AdministrationFixture { configuration in
      configuration.policy = IssuancePolicy(rules: [PolicyRule(label: "nodes", names: [NamePattern("*.example")])])
      configuration.admission.tokens = true
    }
    let token = try await fixture.token(.reader)
    func ask(_ name: String, _ admission: String) async throws -> API.PolicyAnswer {
      let pem = PEMText.request(try AdministrationFixture.request(name))
      let question = API.PolicyQuestion(request: pem, admission: admission)
      let body = String(decoding: try JSONEncoder().encode(question), as: UTF8.self)
      return try await fixture.call(.post, "/v1/policy/test", as: token, json: body).decode(API.PolicyAnswer.self)
    }
    #expect(try await ask("a.example", "token").allowed)
    #expect(try await ask("a.other", "token").allowed == false)
    #expect(try await ask("a.example", "approval").allowed == false)
    #expect(try await fixture.ledger.certificates(.init()).entries.isEmpty)
  }

  @Test("an operator has a request signed within the policy, and a refusal is written down")
  func signing() async throws {
    let fixture = try await AdministrationFixture { configuration in
      configuration.policy = IssuancePolicy(rules: [
        PolicyRule(label: "nodes", names: [NamePattern("*.example")], longest: .seconds(86_400)),
        PolicyRule(label: "tokens", admissions: [.token]),
      ])
    }
    let token = try await fixture.token(.operator)
    func sign(_ request: String, _ lifetime: Int? = 3600, as token: String) async throws -> AdministrationFixture.Answer
    {
      let wish = API.SigningWish(request: request, profile: "client", lifetimeSeconds: lifetime)
      let body = String(decoding: try JSONEncoder().encode(wish), as: UTF8.self)
      return try await fixture.call(.post, "/v1/certificates", as: token, json: body)
    }
    let good = PEMText.request(try AdministrationFixture.request("a.example"))
    let answer = try await sign(good, as: token)
    let signed = try answer.decode(API.CertificateDetail.self)
    #expect(answer.status == 201)
    #expect(answer.fields[.location] == "/v1/certificates/\(signed.certificate.serial)")
    #expect(signed.certificate.profile == "client" && signed.certificate.commonName == "a.example")
    #expect(
      signed.requestedBy == "token ada" && signed.admission == "operator" && signed.rule == "operator, policy nodes")
    #expect(signed.pem?.hasPrefix("-----BEGIN CERTIFICATE-----\n") == true)
    #expect(try await sign(good, 86_401, as: token).status == 403)
    #expect(try await sign(PEMText.request(try AdministrationFixture.request("a.other")), as: token).status == 403)
    #expect(try await sign("no request", as: token).status == 422)
    #expect(try await sign(good, as: try await fixture.token(.reader, name: "bo")).status == 403)
    let refusals = try await fixture.events().filter { $0.kind == .requestRefused }
    #expect(refusals.count == 2 && refusals.allSatisfy { $0.actor == "token ada" })
    _ = try await fixture.call(.post, "/v1/nodes/a.example/revoke", as: token, json: "{}")
    #expect(try await sign(good, as: token).status == 403)
  }

  @Test("2,500 nodes come in pages, each once and in order")
  func paging() async throws {
    let fixture = try await AdministrationFixture()
    let token = try await fixture.token(.reader)
    let key = try await fixture.ledger.importNodes(2500, issuer: fixture.core.current.authority.signing.reference)
    var names: [String] = []
    var after = ""
    while true {
      let page = try await fixture.call(.get, "/v1/nodes?limit=1000\(after)", as: token).decode(API.NodeList.self)
      names += page.nodes.map(\.name)
      guard let next = page.next else { break }
      after = "&after=\(next)"
    }
    #expect(names == key)
    #expect(try await fixture.call(.get, "/v1/nodes?after=bm8", as: token).status == 422)
    let events = try await fixture.call(
      .get, "/v1/events?after=10", as: token, fields: [.accept: "application/x-ndjson"])
    let lines = events.text.split(separator: "\n")
    #expect(lines.count == (try await fixture.ledger.checkpoint().map { Int($0.sequence) } ?? 0) - 10)
    #expect(lines.last.map { $0.contains("\"sequence\":\(lines.count + 10)") } == true)
  }
}

enum PEMText {
  static func request(_ der: [UInt8]) -> String {
    "-----BEGIN CERTIFICATE REQUEST-----\n\(Data(der).base64EncodedString(options: .lineLength64Characters))\n"
      + "-----END CERTIFICATE REQUEST-----\n"
  }
}

extension SQLiteLedger {
  /// Records certificates of that many nodes, and returns the nodes' names in order.
  func importNodes(_ count: Int, issuer: IssuerReference) async throws -> [String] {
    let now = Date()
    let names = (0..<count).map { "node-\(String(format: "%05d", $0))" }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, name) in names.enumerated() {
        group.addTask {
          let serial = SerialNumber(bytes: [1, UInt8(index >> 8), UInt8(index & 255)])
          try await self.reserve(
            Reservation(
              serial: serial, issuer: issuer, subject: "CN=\(name)", commonName: name, profile: "node",
              keyAlgorithm: "P-256", notBefore: now, notAfter: now + 86_400,
              publicKeyHash: Array(repeating: 1, count: 32), requestedBy: "test"), at: now)
          try await self.commit(
            serial, of: issuer, certificate: [0x30, UInt8(index >> 8), UInt8(index & 255)], at: now)
        }
      }
      try await group.waitForAll()
    }
    return names
  }
}
