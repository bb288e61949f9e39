import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("Connectware's identity rule")
struct ConnectwareIdentityRuleTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func codes(_ credential: NodeCredential, agent: String, trust: [Certificate]? = nil) -> [String] {
    ConnectwareIdentityRule(agent: agent, trust: trust ?? [bench.issuer.certificate])
      .problems(of: credential.chain).map(\.code)
  }

  @Test("a certificate with the agent's name, for a client, by a trusted authority is accepted")
  func good() throws {
    #expect(codes(try bench.credential(named: "a.b"), agent: "a.b").isEmpty)
    #expect(codes(try bench.credential(named: "a.b", profile: .node), agent: "a.b").isEmpty)
    // Any of several certificates in cybus_ca.crt.
    let other = try Workbench(name: "Other CA").issuer.certificate
    #expect(
      codes(try bench.credential(named: "a"), agent: "a", trust: [other, bench.issuer.certificate]).isEmpty)
  }

  @Test("the common name is compared byte for byte", arguments: ["a-b", "A.b", "a.b ", "a.b.c"])
  func name(other: String) throws {
    #expect(codes(try bench.credential(named: other), agent: "a.b") == ["connectware-common-name"])
  }

  @Test("a certificate with two common names is refused")
  func twoNames() throws {
    let key = try KeyKind.p256.generate()
    let subject = DistinguishedName(
      ["a", "b"].map {
        RelativeDistinguishedName(
          RelativeDistinguishedName.Attribute(type: .RDNAttributeType.commonName, utf8String: $0))
      })
    let leaf = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: bench.now,
      notValidAfter: bench.now + 60, issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: .init(), issuerPrivateKey: key)
    let problem = ConnectwareIdentityRule(agent: "b", trust: []).nameProblem(leaf)
    #expect(problem?.what.contains("several: \"a\", \"b\"") == true)
  }

  @Test("a certificate that is for servers only is refused")
  func usage() throws {
    #expect(codes(try bench.credential(named: "a", profile: .server), agent: "a") == ["connectware-client-usage"])
  }

  @Test("a certificate by an authority that Connectware doesn't trust is refused, whatever its name is")
  func untrusted() throws {
    let impostor = try Workbench()
    #expect(codes(try impostor.credential(named: "a"), agent: "a") == ["connectware-untrusted"])
  }

  @Test("a partner's intermediate is refused, since no limit of it covers common names")
  func partner() throws {
    let partner = try bench.partner()
    let credential = try bench.credential(named: "a")
    let chain = [credential.leaf, partner.certificate]
    let rule = ConnectwareIdentityRule(agent: "a", trust: [bench.issuer.certificate])
    #expect(rule.problems(of: chain).map(\.code) == ["connectware-partner-intermediate"])
    #expect(ConnectwareIdentityRule.partnerProblem(bench.issuer.certificate) == nil)
  }

  @Test("an intermediate of one's own leads to its root")
  func intermediate() throws {
    var random = SystemRandomNumberGenerator()
    let key = try KeyKind.p256.generate()
    let middle = try bench.issuer.issueIntermediate(
      AuthorityPlan(name: "Agents CA", lifetime: .seconds(86_400)), key: key.publicKey,
      serial: .random(using: &random), at: bench.now)
    let issuer = try Issuer(certificate: middle.certificate, key: key)
    let request = try VerifiedRequest(
      CertificateRequest(Identity(commonName: "a"), key: KeyKind.p256.generate()))
    let leaf = try issuer.issue(
      IssuancePolicy.unrestricted.authorize(
        Grant(request, profile: .client, lifetime: .seconds(3600)), as: .desk), serial: .random(using: &random),
      at: bench.now
    ).certificate
    let rule = ConnectwareIdentityRule(agent: "a", trust: [bench.issuer.certificate])
    #expect(rule.problems(of: [leaf, middle.certificate]).isEmpty)
    #expect(rule.problems(of: [leaf]).map(\.code) == ["connectware-untrusted"])
  }

  @Test("the system holds a credential against what Connectware trusts")
  func system() throws {
    let system = try bench.connectware("names: [a]")
    let supply = try bench.supply(system)
    let node = try #require(try system.nodes(supply.files).first)
    let good = try #require(supply.credentials["a"])
    #expect(system.problems(of: good, for: node, supply: supply).isEmpty)
    let stranger = try Workbench().credential(named: "b")
    #expect(
      system.problems(of: stranger, for: node, supply: supply).map(\.code)
        == ["connectware-common-name", "connectware-untrusted"])
  }
}
