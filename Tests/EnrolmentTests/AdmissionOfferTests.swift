import Credentials
import Enrolment
import Foundation
import SwiftASN1
import Testing
import X509

/// Every field of a rule of the policy, for every way of being admitted; and that admission and policy both decide.
@Suite("Admission and policy")
struct AdmissionOfferTests {
  private static let live: [AdmissionKind] = [.token, .password, .approval, .partner, .renewal, .lateRenewal]

  private static func grant(
    _ name: String, _ organization: String? = "ORG1", names: [SubjectName] = [], kind: KeyKind = .p256,
    profile: Profile = .node, lifetime: Duration = .seconds(60)
  ) throws -> Grant {
    let identity = try Identity(commonName: name, organization: organization, names: names)
    let request = try VerifiedRequest(CertificateRequest(identity, key: kind.generate()))
    return Grant(request, profile: profile, lifetime: lifetime)
  }

  @Test("each field of a rule refuses each way of being admitted", arguments: AdmissionKind.allCases)
  func fields(admission: AdmissionKind) throws {
    let rule = PolicyRule(
      label: "1", names: [NamePattern("*.agents.example")], organizations: ["ORG1"], keys: [.p256], profiles: [.node],
      admissions: AdmissionKind.allCases, longest: .seconds(3600))
    let policy = IssuancePolicy(rules: [rule])
    let good = "a.agents.example"
    #expect(policy.decide(try Self.grant(good), as: admission) == .allow(rule: "1"))
    let refused: [(Grant, String)] = [
      (try Self.grant("a.other.example"), "name \"a.other.example\""),
      (try Self.grant(good, names: [.dns(DNSName("b.example"))]), "name \"b.example\""),
      (try Self.grant(good, "ORG2"), "organization \"ORG2\""), (try Self.grant(good, nil), "an organization"),
      (try Self.grant(good, kind: .p384), "key P-384"), (try Self.grant(good, profile: .client), "profile client"),
      (try Self.grant(good, lifetime: .seconds(3601)), "a lifetime"),
    ]
    for (grant, reason) in refused {
      guard case .deny("1", let said) = policy.decide(grant, as: admission), said.hasPrefix(reason) else {
        Issue.record("\(policy.decide(grant, as: admission)) for \(reason)")
        continue
      }
    }
    var others = rule
    others.admissions = AdmissionKind.allCases.filter { $0 != admission }
    guard case .deny = IssuancePolicy(rules: [others]).decide(try Self.grant(good), as: admission) else {
      Issue.record("\(admission) was served by a rule for others")
      return
    }
  }

  @Test("nothing is signed for a subject in which another reader finds another name", arguments: [true, false])
  func repeated(organization: Bool) throws {
    let key = try KeyKind.p256.generate()
    let subject = try DistinguishedName {
      OrganizationName("ORG1")
      if organization { OrganizationName("ORG2") } else { CommonName("b.example") }
      CommonName("a.example")
    }
    let signed = try CertificateSigningRequest(
      version: .v1, subject: subject, privateKey: key, attributes: .init([]))
    let request = try VerifiedRequest(CertificateRequest(der: signed.derBytes()))
    let grant = Grant(request, profile: .node, lifetime: .seconds(60))
    for admission in AdmissionKind.allCases {
      guard case .deny("built-in", let reason) = IssuancePolicy.unrestricted.decide(grant, as: admission) else {
        Issue.record("\(admission) was allowed")
        continue
      }
      #expect(reason.contains("more than one"))
    }
  }

  @Test("nothing is offered that the configuration doesn't name", arguments: live)
  func nothing(admission: AdmissionKind) throws {
    let decision = AdmissionRules().offer(try Self.grant("a.example"), as: admission)
    if admission == .renewal {
      #expect(decision == .allow(rule: "admission.renewal"))
    } else {
      guard case .deny(admission.configurationKey, _) = decision else {
        Issue.record("\(admission) is offered")
        return
      }
    }
  }

  @Test("each way is offered to those that its rule names")
  func offered() throws {
    let hash = try ScryptHash(
      phc: "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0")
    let rules = AdmissionRules(
      tokens: true, passwords: .init(hashes: ["bender": hash]),
      approval: .init(names: [NamePattern("*.waiting.example")], expiresAfter: .seconds(60)),
      partners: [.init(organization: "ORG2", trust: [], dns: [".org2.example"])],
      renewal: .init(late: .seconds(60)))
    func isOffered(_ grant: Grant, _ admission: AdmissionKind) -> Bool {
      rules.offer(grant, as: admission) == .allow(rule: admission.configurationKey)
    }
    let any = try Self.grant("any.example")
    #expect(isOffered(any, .token) && isOffered(any, .lateRenewal) && isOffered(any, .renewal))
    #expect(isOffered(try Self.grant("bender"), .password) && !isOffered(any, .password))
    #expect(isOffered(try Self.grant("a.waiting.example"), .approval) && !isOffered(any, .approval))
    #expect(isOffered(try Self.grant("a.org2.example", "ORG2"), .partner))
    #expect(!isOffered(any, .partner))
  }

  @Test("a partner's nodes get their own organization and their own DNS names, nothing else")
  func partner() throws {
    let partner = AdmissionRules.Partner(organization: "ORG2", trust: [], dns: [".org2.example", "gate.example"])
    func refusal(_ name: String, _ organization: String?, _ names: [SubjectName] = [], isNamed: Bool = false) throws
      -> String?
    {
      partner.bounds.refusal(of: try Self.grant(name, organization, names: names)) { _ in isNamed }
    }
    #expect(try refusal("a.org2.example", "ORG2", [.dns(DNSName("*.b.org2.example"))]) == nil)
    #expect(try refusal("GATE.example", "ORG2") == nil)
    let address = SubjectName.ip(try #require(IPAddress("10.0.0.1")))
    let uri = SubjectName.uri(try URIName("spiffe://org2.example/a"))
    for name in [address, uri] {
      #expect(try refusal("a.org2.example", "ORG2", [name]) != nil)
      #expect(try refusal("a.org2.example", "ORG2", [name], isNamed: true) == nil)
    }
    for (name, organization, names) in [
      ("a.org2.example", "ORG1", []), ("a.org2.example", nil, []), ("a.org1.example", "ORG2", []),
      ("org2.example", "ORG2", []), ("aorg2.example", "ORG2", []), ("b.gate.example", "ORG2", []),
      ("a.org2.example", "ORG2", [SubjectName.dns(try DNSName("*.org1.example"))]),
      // Who knows nodes by the common name alone would take them for one of ours.
      ("bender_robots", "ORG2", []), ("Welder Robots", "ORG2", []), ("10.0.0.1", "ORG2", []),
    ] as [(String, String?, [SubjectName])] {
      #expect(try refusal(name, organization, names) != nil, "\(name) of \(organization ?? "nobody")")
    }
  }

  @Test("a partner's certificate is verified with its time and its purpose")
  func trust() throws {
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    let key = try KeyKind.p256.generate()
    let root = try Issuer.root(
      AuthorityPlan(name: "ORG2 CA", lifetime: .seconds(86_400)), key: key, serial: SerialNumber(bytes: [1]), at: now)
    func leaf(_ profile: Profile) throws -> Certificate {
      let grant = try Self.grant("a.org2.example", "ORG2", profile: profile, lifetime: .seconds(3600))
      let request = try IssuancePolicy.unrestricted.authorize(grant, as: .desk)
      return try root.issue(request, serial: SerialNumber(bytes: [2]), at: now).certificate
    }
    let partner = AdmissionRules.Partner(organization: "ORG2", trust: [root.certificate], dns: [".org2.example"])
    let stranger = AdmissionRules.Partner(organization: "ORG3", trust: [], dns: [])
    let client = try leaf(.node)
    #expect(partner.rejection(of: client, intermediates: [], at: now) == nil)
    #expect(partner.rejection(of: client, intermediates: [], at: now + 3601) != nil)
    #expect(partner.rejection(of: client, intermediates: [], at: now - 3601) != nil)
    #expect(partner.rejection(of: try leaf(.server), intermediates: [], at: now) != nil)
    #expect(stranger.rejection(of: client, intermediates: [], at: now) != nil)
  }
}
