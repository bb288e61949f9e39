import Credentials
import Testing
import X509

@Suite("Policy")
struct PolicyTests {
  private let rule = PolicyRule(
    label: "1", names: [NamePattern("*.agents.example"), NamePattern("10.0.0.0/8")], organizations: ["ORG1"],
    keys: [.p256], profiles: [.node], longest: .seconds(3600))

  private func grant(
    _ name: String, organization: String? = "ORG1", kind: KeyKind = .p256, profile: Profile = .node, seconds: Int = 60
  ) throws -> Grant {
    try IssuingTests.grant(
      try Identity(commonName: name, organization: organization), kind: kind, profile: profile,
      lifetime: .seconds(seconds))
  }

  @Test("what one rule permits whole is allowed, and the rule is named")
  func allowed() throws {
    let policy = IssuancePolicy(rules: [PolicyRule(label: "0", names: []), rule])
    #expect(policy.decide(try grant("a.agents.example"), as: .desk) == .allow(rule: "1"))
    #expect(policy.decide(try grant("10.1.2.3"), as: .desk) == .allow(rule: "1"))
  }

  @Test("each limit of a rule refuses with its reason")
  func denied() throws {
    let policy = IssuancePolicy(rules: [rule])
    let cases: [(Grant, String)] = [
      (try grant("a.other.example"), "name \"a.other.example\" is not permitted"),
      (try grant("11.0.0.1"), "name \"11.0.0.1\" is not permitted"),
      (try grant("a.agents.example", organization: "ORG2"), "organization \"ORG2\" is not permitted"),
      (try grant("a.agents.example", organization: nil), "an organization is required"),
      (try grant("a.agents.example", kind: .p384), "key P-384 is not permitted"),
      (try grant("a.agents.example", profile: .server), "profile server is not permitted"),
      (try grant("a.agents.example", seconds: 3601), "a lifetime of 3601s is longer than 1h"),
    ]
    for (grant, reason) in cases {
      guard case .deny("1", let said) = policy.decide(grant, as: .desk) else {
        Issue.record("\(grant.subject) was allowed")
        continue
      }
      #expect(said.hasPrefix(reason))
    }
  }

  @Test("a rule for other ways of admission does not count")
  func admission() throws {
    let policy = IssuancePolicy(rules: [PolicyRule(label: "tokens", admissions: [.token])])
    #expect(policy.decide(try grant("a"), as: .token) == .allow(rule: "tokens"))
    guard case .deny = policy.decide(try grant("a"), as: .desk) else {
      Issue.record("the desk was admitted")
      return
    }
  }

  @Test(
    "patterns match whole names, without regard to case",
    arguments: [
      ("*", "anything", true), ("*.a.example", "b.a.example", true), ("*.a.example", "c.b.a.example", true),
      ("*.a.example", "a.example", false), ("node-*", "node-1", true), ("node-*", "anode-1", false),
      ("NODE-1", "node-1", true), ("*a*b*", "xaybz", true), ("*a*b*", "xbya", false), ("", "", true), ("", "a", false),
    ])
  func patterns(_ pattern: String, _ name: String, _ matches: Bool) {
    #expect(NamePattern(pattern).matches(name) == matches)
  }
}
