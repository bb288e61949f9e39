import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("Choreo Connect's identity rule")
struct ChoreoConnectIdentityRuleTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func codes(
    _ yaml: String = ChoreoFixtures.entry, node name: String, _ change: (inout Supply, Node) throws -> NodeCredential
  ) throws -> [String] {
    let system = try bench.choreo(yaml)
    var supply = try bench.choreoSupply(system)
    let node = try #require(try system.nodes(supply.files).first { $0.name == name })
    let credential = try change(&supply, node)
    return system.problems(of: credential, for: node, supply: supply).map(\.code)
  }

  private func identity(_ commonName: String, _ hosts: [String]) throws -> Identity {
    try Identity(commonName: commonName, names: hosts.compactMap { SubjectName(host: $0) })
  }

  @Test("what we issue is accepted", arguments: ["", "selfSigned: true"])
  func ours(backend: String) throws {
    let yaml = ChoreoFixtures.entry(backend: backend)
    for name in ["router", ChoreoFixtures.host] {
      #expect(try codes(yaml, node: name) { supply, node in try #require(supply.credentials[node.name]) }.isEmpty)
    }
  }

  @Test("the endpoint's host must be among the names; the common name doesn't count")
  func name() throws {
    #expect(
      try codes(node: ChoreoFixtures.host) { _, _ in
        try bench.credential(identity("backend of example org", ["other.example.org"]), profile: .server)
      } == ["endpoint-name-missing"])
  }

  @Test("a wildcard that would cover the host isn't counted on")
  func wildcard() throws {
    #expect(
      try codes(node: ChoreoFixtures.host) { _, _ in
        try bench.credential(identity("b", ["*.example.org"]), profile: .server)
      } == ["endpoint-name-by-wildcard"])
  }

  @Test("an address is compared as an address")
  func address() throws {
    let yaml = ChoreoFixtures.entry.replacing("backend.example.org", with: "10.0.0.7")
    #expect(try codes(yaml, node: "10.0.0.7") { supply, _ in try #require(supply.credentials["10.0.0.7"]) }.isEmpty)
    #expect(
      try codes(yaml, node: "10.0.0.7") { _, _ in
        try bench.credential(identity("b", ["10.0.0.8"]), profile: .server)
      } == ["endpoint-name-missing"])
  }

  @Test("an API's certificates replace the global ones: the issuer must be among them")
  func trust() throws {
    let stranger = try Workbench(name: "Another CA")
    #expect(
      try codes(node: ChoreoFixtures.host) { _, node in
        var credential = try stranger.choreoCredential(node)
        credential.trust = [bench.issuer.certificate]
        return credential
      } == ["untrusted-server"])
  }

  @Test("a backend's certificate must be good for servers, the router's for clients")
  func usages() throws {
    #expect(
      try codes(node: ChoreoFixtures.host) { _, node in
        try bench.choreoCredential(node, profile: .client)
      } == ["untrusted-server"])
    #expect(
      try codes(node: "router") { _, node in try bench.choreoCredential(node, profile: .server) }
        == ["untrusted-client"])
  }

  @Test("the router's certificate names all components, and has an RSA key")
  func router() throws {
    #expect(
      try codes(node: "router") { _, _ in try bench.credential(identity("router", ["localhost"])) }
        == ["component-name-missing", "router-key-not-rsa"])
  }

  @Test("the key pair that the distribution ships is recognised, and one's own for the same names is not")
  func shipped() throws {
    let published = try Certificate(pemEncoded: ChoreoFixtures.lookAlike(in: TemporaryDirectory()))
    #expect(ShippedKeystore.isPublic(published))
    let otherEnd = try ChoreoFixtures.lookAlike(in: TemporaryDirectory(), end: "20310130101010Z")
    #expect(try !ShippedKeystore.isPublic(Certificate(pemEncoded: otherEnd)))
    let otherNames = try ChoreoFixtures.lookAlike(in: TemporaryDirectory(), names: ["router", "localhost"])
    #expect(try !ShippedKeystore.isPublic(Certificate(pemEncoded: otherNames)))
    let found = try codes(node: "router") { _, _ in
      NodeCredential(leaf: published, intermediates: [], key: nil, trust: [published])
    }
    #expect(found.contains("public-router-key"))
  }

  @Test("up to TLS 1.2, some cipher must suit the backend's key")
  func ciphers() throws {
    func codes(_ tls: String, _ kind: KeyKind) throws -> [String] {
      try self.codes(ChoreoFixtures.entry(router: "tls: {\(tls)}"), node: ChoreoFixtures.host) { _, node in
        try bench.credential(node.identity, profile: .server, key: kind)
      }
    }
    let rsaOnly = "max: TLS1_2, ciphers: [ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA]"
    #expect(try codes(rsaOnly, .p256) == ["cipher-key-mismatch"])
    #expect(try codes(rsaOnly, .rsa2048).isEmpty)
    #expect(try codes("max: TLS1_2, ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256]", .rsa2048) == ["cipher-key-mismatch"])
    #expect(try codes("ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256]", .rsa2048).isEmpty)
  }

  @Test("a partner's intermediate may not vouch for the router, unless backends take one certificate only")
  func partner() throws {
    var random = SystemRandomNumberGenerator()
    let key = try KeyKind.p256.generate()
    var plan = AuthorityPlan(name: "Partner CA", lifetime: .seconds(86_400 * 30))
    plan.constraints.dns = ["localhost", "router", "adapter", "enforcer"]
    let made = try bench.issuer.issueIntermediate(
      plan, key: key.publicKey, serial: .random(using: &random), at: bench.now)
    let partner = try Issuer(certificate: made.certificate, intermediates: [], key: key)
    func signed(_ node: Node) throws -> NodeCredential {
      let leafKey = try KeyKind.rsa2048.generate()
      let request = try VerifiedRequest(CertificateRequest(node.identity, key: leafKey))
      let issued = try partner.issue(
        IssuancePolicy.unrestricted.authorize(
          Grant(request, profile: .node, lifetime: .seconds(86_400)), as: .desk), serial: .random(using: &random),
        at: bench.now)
      return NodeCredential(
        leaf: issued.certificate, intermediates: [made.certificate], key: leafKey, trust: [bench.issuer.certificate])
    }
    #expect(try codes(node: "router") { _, node in try signed(node) } == ["partner-intermediate"])
    let pinned = ChoreoFixtures.entry(backend: "accepts: router, truststore: {path: t.jks, passwordFile: pw}")
    #expect(try codes(pinned, node: "router") { _, node in try signed(node) }.isEmpty)
  }
}
