import Credentials
import Foundation
import Systems
import Testing
import X509

@Suite("what nodes of Bacalhau demand of the orchestrator's certificate")
struct BacalhauIdentityRuleTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func host(_ text: String) throws -> SubjectName { try #require(SubjectName(host: text)) }

  private func names(_ texts: String...) throws -> [GeneralName] { try texts.map { try host($0).generalName } }

  private func codes(
    _ credential: NodeCredential, hosts: [String], trust: [Certificate]? = nil, at time: Date? = nil
  ) throws -> [String] {
    try BacalhauIdentityRule(hosts: hosts.map(host))
      .problems(chain: credential.chain, trust: trust ?? credential.trust, at: time ?? bench.now).map(\.code)
  }

  private func credential(_ hosts: [String], profile: Profile = .node) throws -> NodeCredential {
    try bench.credential(Identity(commonName: "an orchestrator", names: hosts.map(host)), profile: profile)
  }

  @Test("names are found among the names, without regard to case")
  func names() throws {
    #expect(try BacalhauIdentityRule.isNamed(host("Node.Example"), by: names("a", "node.example")))
    #expect(try !BacalhauIdentityRule.isNamed(host("node.example"), by: names("node.example.org", "example")))
  }

  @Test("an address is found among the addresses only")
  func addresses() throws {
    #expect(try BacalhauIdentityRule.isNamed(host("10.0.5.16"), by: names("10.0.5.16")))
    #expect(try BacalhauIdentityRule.isNamed(host("::ffff:10.0.5.16"), by: names("10.0.5.16")))
    #expect(try !BacalhauIdentityRule.isNamed(host("10.0.5.16"), by: [.dnsName("10.0.5.16")]))
    #expect(try !BacalhauIdentityRule.isNamed(host("10.0.5.16"), by: names("10.0.5.17", "::1")))
  }

  @Test("a star stands for one whole label")
  func wildcard() throws {
    #expect(try BacalhauIdentityRule.isNamed(host("a.example.org"), by: names("*.example.org")))
    #expect(try !BacalhauIdentityRule.isNamed(host("a.b.example.org"), by: names("*.example.org")))
    #expect(try !BacalhauIdentityRule.isNamed(host("example.org"), by: names("*.example.org")))
  }

  @Test("the certificate that we issue has no problem")
  func good() throws {
    #expect(try codes(credential(["node.example", "127.0.0.1"]), hosts: ["node.example", "127.0.0.1"]).isEmpty)
  }

  @Test("a host that is dialled and not named is a problem, and the common name doesn't help")
  func missingName() throws {
    let credential = try credential(["other.example"])
    #expect(credential.leaf.subject.commonName == "an orchestrator")
    #expect(try codes(credential, hosts: ["orchestrator", "127.0.0.1"]) == ["san-lacks-host", "san-lacks-loopback"])
  }

  @Test("a client's certificate is refused")
  func usage() throws {
    #expect(try codes(credential(["a.example"], profile: .client), hosts: ["a.example"]) == ["no-server-usage"])
  }

  @Test("a certificate of another CA is refused")
  func trust() throws {
    let other = try Workbench(name: "Another CA")
    #expect(try codes(credential(["a"]), hosts: ["a"], trust: [other.issuer.certificate]) == ["not-trusted"])
  }

  @Test("expiry is left to the rules of any certificate")
  func expired() throws {
    #expect(try codes(credential(["a"]), hosts: ["a"], at: bench.now + 10 * 86_400).isEmpty)
  }

  @Test("a partner's certificate is refused where the partner is limited to an organization, as Go does it")
  func constraints() throws {
    let limited = try partnerCredential(AuthorityConstraints(organization: "ORG2"))
    #expect(try codes(limited, hosts: ["a.example"]) == ["unreadable-constraint"])
    #expect(try codes(partnerCredential(AuthorityConstraints(dns: ["example"])), hosts: ["a.example"]).isEmpty)
  }

  /// Signed by a partner whose intermediate our authority signed.
  private func partnerCredential(_ constraints: AuthorityConstraints) throws -> NodeCredential {
    var random = SystemRandomNumberGenerator()
    let plan = AuthorityPlan(name: "ORG2 CA", lifetime: .seconds(86_400 * 30), constraints: constraints)
    let key = try KeyKind.p256.generate()
    let certificate = try bench.issuer.issueIntermediate(
      plan, key: key.publicKey, serial: .random(using: &random), at: bench.now
    ).certificate
    let partner = try Issuer(certificate: certificate, intermediates: [certificate], key: key)
    let nodeKey = try KeyKind.p256.generate()
    let identity = try Identity(commonName: "node", organization: "ORG2", names: [host("a.example")])
    let request = try VerifiedRequest(CertificateRequest(identity, key: nodeKey))
    let grant = Grant(request, profile: .node, lifetime: .seconds(86_400))
    let leaf = try partner.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(using: &random), at: bench.now)
    return NodeCredential(
      leaf: leaf.certificate, intermediates: [certificate], key: nodeKey, trust: [bench.issuer.certificate])
  }
}
