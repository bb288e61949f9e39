import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

@Suite("the CAs of organizations that have their certificates from elsewhere")
struct SubstraClientCATests {
  private var fixture: SubstraFixture
  private let theirs: Workbench
  private static let entry = SubstraFixture.entry.replacing(
    "chart: 8.8.0", with: "clientCAs: {MyOrg2MSP: [org2-ca.crt]}, chart: 8.8.0")

  init() throws {
    fixture = try SubstraFixture()
    theirs = try Workbench(name: "Org 2 CA")
    fixture.files["org2-ca.crt"] = try theirs.caPEM
  }

  private func keys(_ delivery: Delivery) throws -> [String: [String]] {
    let values = try delivery.tree("orchestrator", "orchestrator-values.yaml")
    let entries = values.at("orchestrator", "tls", "mtls", "clientCACerts")?.entries ?? []
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, ($0.value.items ?? []).compactMap(\.text)) })
  }

  @Test("each has an object of its own, named under the organization's MSP ID")
  func object() throws {
    let delivery = try fixture.deliver(Self.entry)
    let name = "orchestrator-client-cacert-my-org2-msp"
    #expect(try keys(delivery) == ["MyOrg1MSP": ["orchestrator-tls-cacert"], "MyOrg2MSP": [name]])
    #expect(
      try delivery.certificates("orchestrator", "\(name).yaml", "ca.crt") == [theirs.issuer.certificate])
    #expect(delivery.restarts.first?.because.contains("orchestrator/\(name).yaml") == true)
    let apply = try #require(try delivery.folder("orchestrator").steps.first?.commands.first)
    #expect(apply.hasSuffix("-f \(name).yaml"))
  }

  @Test("a file of several CAs becomes several objects, the intermediate before the root")
  mutating func bundle() throws {
    let intermediate = try theirs.intermediate("Org 2 Issuing CA", organization: nil).certificate
    fixture.files["org2-ca.crt"] = try theirs.caPEM + PEM.encode(intermediate) + theirs.caPEM
    let delivery = try fixture.deliver(Self.entry)
    let name = "orchestrator-client-cacert-my-org2-msp"
    #expect(try keys(delivery)["MyOrg2MSP"] == [name, "\(name)-2"])
    #expect(try delivery.certificates("orchestrator", "\(name).yaml", "ca.crt") == [intermediate])
    #expect(try delivery.certificates("orchestrator", "\(name)-2.yaml", "ca.crt") == [theirs.issuer.certificate])
  }

  @Test("a certificate made elsewhere is held against its organization's CAs, and accepted by them alone")
  func given() throws {
    let backend =
      "\n  - {org: MyOrg2MSP, certificate: a.crt, key: a.key, release: b, namespace: org-2, chart: 26.0.0, host: b.example}"
    let system = try fixture.system(Self.entry + backend)
    var supply = try fixture.workbench.supply(system, files: fixture.files)
    let node = try #require(try system.nodes(supply.files).last)
    let identity = try Identity(commonName: "b.example", organization: "MyOrg2MSP")
    func problems(_ credential: NodeCredential) -> [String] {
      supply.credentials["MyOrg2MSP"] = credential
      return system.problems(of: credential, for: node, supply: supply).map(\.code)
    }
    var credential = try theirs.credential(identity)
    credential.trust = []
    #expect(problems(credential) == [])
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(try keys(delivery)["MyOrg2MSP"] == ["orchestrator-client-cacert-my-org2-msp"])
    #expect(delivery["MyOrg2MSP", "MyOrg2MSP.key"] != nil)

    credential = try Workbench(name: "Unknown CA").credential(identity)
    credential.trust = []
    #expect(problems(credential) == ["substra-issuer"])
    let other = try theirs.credential(Identity(commonName: "b.example", organization: "MyOrg1MSP"))
    #expect(problems(other) == ["substra-organization"])
    #expect(problems(try theirs.credential(identity, profile: .server)) == ["substra-client-usage"])
  }

  @Test("a partner's intermediate below our root is refused, as a CA and in a chain")
  mutating func partnerIntermediate() throws {
    let partner = try fixture.workbench.intermediate("Org 2", organization: "MyOrg2MSP")
    fixture.files["org2-ca.crt"] = try PEM.encode(partner.certificate)
    let error = try fixture.failure(Self.entry)
    #expect(
      error.problem
        == "org2-ca.crt holds CN=Org 2, an intermediate that is limited to certain names: Substra doesn't hold it to them"
    )
    #expect(error.kind == .refused && error.place?.line == 2)

    let system = try fixture.system(SubstraFixture.entry)
    let supply = try fixture.workbench.supply(system, files: fixture.files)
    let node = try #require(try system.nodes(supply.files).last)
    // What the identity rule alone would let pass: the intermediate carries the identifier of our root.
    let leaf = try fixture.workbench.credential(Identity(commonName: "x.org-2.example.org", organization: "MyOrg1MSP"))
      .leaf
    let credential = NodeCredential(
      leaf: leaf, intermediates: [partner.certificate], key: nil, trust: [fixture.workbench.issuer.certificate])
    #expect(
      system.problems(of: credential, for: node, supply: supply).map(\.code) == ["substra-partner-intermediate"])
  }

  @Test(
    "files that hold no CA are refused with their name", arguments: ["leaf", "key", "text", "expired", "no identifier"])
  mutating func unusable(what: String) throws {
    let leaf = try theirs.credential(Identity(commonName: "b.example", organization: "MyOrg2MSP"))
    let expected: String
    switch what {
    case "leaf":
      fixture.files["org2-ca.crt"] = try PEM.encode(leaf.leaf)
      expected = "org2-ca.crt holds CN=b.example, which is no CA"
    case "key":
      fixture.files["org2-ca.crt"] = try theirs.caPEM + (leaf.keyPEM() ?? "")
      expected = "org2-ca.crt holds a private key"
    case "expired":
      var random = SystemRandomNumberGenerator()
      let root = try Issuer.root(
        AuthorityPlan(name: "Old", lifetime: .seconds(600)), key: KeyKind.p256.generate(),
        serial: .random(using: &random), at: theirs.now.addingTimeInterval(-86_400))
      fixture.files["org2-ca.crt"] = try PEM.encode(root.certificate)
      expected = "org2-ca.crt holds CN=Old, which has expired"
    case "no identifier":
      let key = try KeyKind.p256.generate()
      let name = try Identity(commonName: "Bare").subject
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: theirs.now,
        notValidAfter: theirs.now.addingTimeInterval(9_000), issuer: name, subject: name,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: .init { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) },
        issuerPrivateKey: key)
      fixture.files["org2-ca.crt"] = try PEM.encode(certificate)
      expected = "org2-ca.crt holds CN=Bare, which has no subjectKeyIdentifier"
    default:
      fixture.files["org2-ca.crt"] = "nothing\n"
      expected = "org2-ca.crt: no PEM block"
    }
    let error = try fixture.failure(Self.entry)
    #expect(error.problem.hasPrefix(expected))
    #expect(error.advice != nil && error.place?.line == 2)
  }

  @Test("what the operator trusts already is kept")
  mutating func kept() throws {
    fixture.files["orchestrator-values.yaml"] = """
      orchestrator:
        tls:
          mtls:
            clientCACerts:
              orchestrator:      # as the documentation has it
                - orchestrator-tls-cacert
              MyOrg2MSP: [older-ca]
      """
    let delivery = try fixture.deliver(Self.entry)
    #expect(
      try keys(delivery) == [
        "orchestrator": ["orchestrator-tls-cacert"],
        "MyOrg2MSP": ["older-ca", "orchestrator-client-cacert-my-org2-msp"],
        "MyOrg1MSP": ["orchestrator-tls-cacert"],
      ])
    #expect(
      delivery["orchestrator", "orchestrator-values.yaml"]?.text.contains("# as the documentation has it") == true)
  }
}
