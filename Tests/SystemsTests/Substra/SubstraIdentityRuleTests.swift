import Credentials
import Formats
import Systems
import Testing
import X509

@Suite("Substra's identity rule")
struct SubstraIdentityRuleTests {
  private let ours: Workbench
  private let theirs: Workbench

  init() throws {
    ours = try Workbench()
    theirs = try Workbench(name: "Org 2 CA")
  }

  private func chain(_ organization: String?, _ bench: Workbench? = nil) throws -> [Certificate] {
    let identity = try Identity(commonName: "backend.example", organization: organization)
    return try (bench ?? ours).credential(identity).chain
  }

  private var rule: SubstraIdentityRule {
    SubstraIdentityRule(authorities: ["ORG1": [ours.issuer.certificate], "ORG2": [theirs.issuer.certificate]])
  }

  @Test("a certificate of the organization, signed by one of its CAs, is accepted")
  func accepted() throws {
    #expect(try rule.refusal(mspID: "ORG1", chain: chain("ORG1")) == nil)
    #expect(try rule.refusal(mspID: "ORG2", chain: chain("ORG2", theirs)) == nil)
    let both = SubstraIdentityRule(authorities: ["ORG1": [theirs.issuer.certificate, ours.issuer.certificate]])
    #expect(try both.refusal(mspID: "ORG1", chain: chain("ORG1")) == nil)
  }

  @Test("part 1: the MSP ID is an organization of the subject")
  func organization() throws {
    #expect(
      try rule.refusal(mspID: "ORG2", chain: chain("ORG1")) == .organization(expected: "ORG2", present: ["ORG1"]))
    #expect(try rule.refusal(mspID: "ORG1", chain: chain(nil)) == .organization(expected: "ORG1", present: []))
    #expect(try rule.refusal(mspID: "org1", chain: chain("ORG1")) != nil)
    #expect(rule.refusal(mspID: "ORG1", chain: []) == .organization(expected: "ORG1", present: []))
  }

  @Test("part 2: a key of clientCACerts is the MSP ID")
  func key() throws {
    let text = SubstraIdentityRule(authorities: ["orchestrator": [ours.issuer.certificate]])
    #expect(
      try text.refusal(mspID: "ORG1", chain: chain("ORG1"))
        == .unknownOrganization("ORG1", known: ["orchestrator"]))
  }

  @Test("part 3: the issuer is the first CA of one of the organization's files")
  func authority() throws {
    let foreign = try rule.refusal(mspID: "ORG1", chain: chain("ORG1", theirs))
    guard case .foreignAuthority("ORG1", let identifiers) = foreign else {
      Issue.record("\(String(describing: foreign))")
      return
    }
    #expect(identifiers.count == 1)
    let none = SubstraIdentityRule(authorities: ["ORG1": []])
    #expect(try none.refusal(mspID: "ORG1", chain: chain("ORG1")) != nil)
  }

  @Test("an intermediate of the chain counts as well as the leaf")
  func intermediate() throws {
    let issuer = try ours.intermediate("Intermediate", organization: nil)
    let leaf = try Workbench(issuer: issuer).credential(Identity(commonName: "b.example", organization: "ORG1")).leaf
    #expect(rule.refusal(mspID: "ORG1", chain: [leaf]) != nil)
    #expect(rule.refusal(mspID: "ORG1", chain: [leaf, issuer.certificate]) == nil)
    let direct = SubstraIdentityRule(authorities: ["ORG1": [issuer.certificate]])
    #expect(direct.refusal(mspID: "ORG1", chain: [leaf]) == nil)
  }

  @Test("the server's pair needs both usages and every name that is dialled")
  func server() throws {
    let identity = try Identity(commonName: "orchestrator.example.org", names: [.dns(DNSName("in.cluster.local"))])
    let rule = SubstraServerRule(hosts: ["orchestrator.example.org", "in.cluster.local"])
    #expect(try rule.problems(of: ours.credential(identity).leaf).isEmpty)
    let half = try ours.credential(identity, profile: .server).leaf
    #expect(rule.problems(of: half).map(\.code) == ["substra-server-usage"])
    #expect(rule.problems(of: half).first?.what == "its extendedKeyUsage lacks clientAuth")
    let other = try ours.credential(Identity(commonName: "orchestrator.example.org")).leaf
    #expect(rule.problems(of: other).map(\.what) == ["its subjectAltName lacks in.cluster.local"])
    #expect(
      SubstraServerRule(hosts: ["10.0.0.1", "a.example"]).problems(of: other).map(\.fix)
        == ["issue it with --ip 10.0.0.1 --dns a.example"])
  }
}
