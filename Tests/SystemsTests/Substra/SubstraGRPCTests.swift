import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

/// The folders of a delivery, written as they travel, and an orchestrator running from its own.
private final class SubstraSite: Sendable {
  static let entry = """
    kind: substra
    orchestrator: {release: orchestrator, namespace: orchestrator, chart: 8.8.0, host: orchestrator.example.org,
                   values: orchestrator-values.yaml, clientCAs: {MyOrg3MSP: [org3-ca.crt]}}
    backends:
      - {org: MyOrg1MSP, release: backend-org-1, namespace: org-1, chart: 26.15.3, host: backend.org-1.example.org,
         values: backend-values.yaml}
      - {org: MyOrg2MSP, csr: MyOrg2MSP.csr, host: backend.org-2.example.org}
      - {org: MyOrg3MSP, certificate: org3.crt, key: org3.key, release: backend-org-3, namespace: org-3, chart: 26.15.3,
         host: backend.org-3.example.org}
    """

  let directory: TemporaryDirectory
  let server: ServerProcess
  /// Of the authority that signs, as the documentation's commands name them.
  let caFolder: URL

  init() throws {
    directory = try TemporaryDirectory()
    let folder = directory.file("authority")
    caFolder = folder
    try FileManager.default.createDirectory(at: caFolder, withIntermediateDirectories: true)
    try Tool.openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "orchestrator-ca.key", "-out", "orchestrator-ca.crt",
      "-days", "30", "-subj", "/CN=Orchestrator CA", in: caFolder)
    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }
    let certificate = try #require(try PEM.parse(try bytes("orchestrator-ca.crt")).first)
    let bench = Workbench(
      issuer: try Issuer(
        certificate: try Certificate(derEncoded: certificate.der),
        key: try KeyCoding.decode(try bytes("orchestrator-ca.key"), passphrase: nil, legacy: nil)))
    let third = try Workbench(name: "Org 3 CA")

    let system = try bench.system(Substra.self, Self.entry)
    var supply = try bench.supply(
      system,
      files: [
        "orchestrator-values.yaml": SubstraFixture.orchestratorValues,
        "backend-values.yaml": SubstraFixture.backendValues, "org3-ca.crt": try third.caPEM,
      ])
    supply.credentials["MyOrg2MSP"] = try Self.signRequest(bench, in: directory)
    var theirs = try third.credential(Identity(commonName: "backend.org-3.example.org", organization: "MyOrg3MSP"))
    theirs.trust = []
    supply.credentials["MyOrg3MSP"] = theirs
    for node in try system.checkedNodes(supply.files) {
      let credential = try #require(supply.credentials[node.name])
      #expect(system.problems(of: credential, for: node, supply: supply) == [])
    }
    var random = SystemRandomNumberGenerator()
    try system.deliver(supply, using: &random).write(to: directory.url)
    server = try SubstraGRPC.orchestrator(directory.file("orchestrator"))
  }

  /// The other organization makes its key and request by the documentation's own command.
  private static func signRequest(_ bench: Workbench, in directory: TemporaryDirectory) throws -> NodeCredential {
    let home = directory.file("theirs")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try Tool.openssl(
      "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "MyOrg2MSP.key", "-subj",
      "/O=MyOrg2MSP/CN=backend.org-2.example.org", "-out", "MyOrg2MSP.csr", in: home)
    let csr = try Data(contentsOf: home.appending(path: "MyOrg2MSP.csr"))
    let block = try #require(try PEM.parse(Array(csr)).first)
    let request = try VerifiedRequest(CertificateRequest(der: block.der))
    var random = SystemRandomNumberGenerator()
    let grant = Grant(request, profile: .node, lifetime: .seconds(86_400))
    let issued = try bench.issuer.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(using: &random), at: bench.now)
    return NodeCredential(leaf: issued.certificate, intermediates: [], key: nil, trust: [bench.issuer.certificate])
  }

  func call(_ folder: String, _ call: SubstraGRPC.Call = .init()) throws -> SubstraGRPC.Answer {
    try SubstraGRPC.call(directory.file(folder), port: server.port, call)
  }

  /// A copy of a folder with another pair in its Secret, which kubectl makes of two files.
  func copy(_ folder: String, certificate: URL, key: URL, as name: String) throws -> String {
    let copy = directory.file(name)
    try FileManager.default.copyItem(at: directory.file(folder), to: copy)
    let secret = try Tool.require(
      "kubectl",
      [
        "create", "secret", "tls", "orchestrator-client-cert", "-n", "org", "--cert=\(certificate.path)",
        "--key=\(key.path)", "--dry-run=client", "-o", "yaml",
      ])
    try secret.stdout.write(to: copy.appending(path: "orchestrator-client-cert.yaml"))
    return name
  }
}

@Suite("Substra over real gRPC, from the delivered files")
struct SubstraGRPCTests {
  private let site: SubstraSite

  init() throws { site = try SubstraSite() }

  @Test("a backend with the delivered pair is answered")
  func accepted() throws {
    let answer = try site.call("MyOrg1MSP")
    #expect(answer.status == "OK" && answer.details.hasPrefix("answer to call"))
  }

  @Test("a backend that claims another organization is refused")
  func impersonation() throws {
    let answer = try site.call("MyOrg1MSP", .init(mspID: "MyOrg2MSP"))
    #expect(answer.status == "PERMISSION_DENIED")
    #expect(answer.details.hasPrefix("not an organization of the certificate: MyOrg2MSP"))
  }

  @Test("another organization makes the Secret by the command in its README, and is answered")
  func partner() throws {
    let theirs = site.directory.file("theirs")
    let folder = try site.copy(
      "MyOrg2MSP", certificate: site.directory.file("MyOrg2MSP/MyOrg2MSP.crt"),
      key: theirs.appending(path: "MyOrg2MSP.key"), as: "MyOrg2MSP-cluster")
    #expect(try site.call(folder).status == "OK")
    #expect(try site.call(folder, .init(mspID: "MyOrg1MSP")).status == "PERMISSION_DENIED")
  }

  @Test("a backend with a certificate of its organization's own CA is answered, for this organization alone")
  func ownAuthority() throws {
    #expect(try site.call("MyOrg3MSP").status == "OK")
    #expect(try site.call("MyOrg3MSP", .init(mspID: "MyOrg1MSP")).status == "PERMISSION_DENIED")
  }

  @Test("the certificate that the documentation's commands make is refused, by the rule and by the server")
  func documentation() throws {
    try Tool.openssl(
      "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "MyOrg1MSP.key", "-subj",
      "/O=MyOrg1MSP/CN=backend.org-1.example.org", "-out", "MyOrg1MSP.csr", in: site.caFolder)
    try Tool.openssl(
      "x509", "-req", "-days", "365", "-in", "MyOrg1MSP.csr", "-CA", "orchestrator-ca.crt", "-CAkey",
      "orchestrator-ca.key", "-CAcreateserial", "-out", "MyOrg1MSP.crt", "-sha256", in: site.caFolder)
    let file = site.caFolder.appending(path: "MyOrg1MSP.crt")
    let block = try #require(try PEM.parse(Array(try Data(contentsOf: file))).first)
    let leaf = try Certificate(derEncoded: block.der)
    #expect(leaf.version == .v1)
    let rule = SubstraIdentityRule(authorities: ["MyOrg1MSP": []])
    #expect(rule.refusal(mspID: "MyOrg1MSP", chain: [leaf]) == .noAuthorityKeyIdentifier)

    let folder = try site.copy(
      "MyOrg1MSP", certificate: file, key: site.caFolder.appending(path: "MyOrg1MSP.key"), as: "MyOrg1MSP-by-hand")
    let answer = try site.call(folder)
    #expect(answer.status == "PERMISSION_DENIED")
    #expect(answer.details.hasPrefix("invalid issuer"))
  }

  @Test("a call without a certificate isn't answered")
  func noCertificate() throws {
    #expect(try site.call("MyOrg1MSP", .init(hasCertificate: false)).status == "UNAVAILABLE")
  }

  @Test("the orchestrator's certificate is verified for every name that may be dialled, and no other")
  func hosts() throws {
    #expect(
      try site.call("MyOrg1MSP", .init(host: "orchestrator-server.orchestrator.svc.cluster.local")).status == "OK")
    #expect(try site.call("MyOrg1MSP", .init(host: "elsewhere.example.org")).status == "UNAVAILABLE")
  }

  @Test("the pair that probes present as a client's is accepted in TLS")
  func probe() throws {
    // As grpc_health_probe does: the server's own pair, and no MSP ID that it could claim.
    let folder = try site.copy(
      "MyOrg1MSP", certificate: site.directory.file("orchestrator/orchestrator-tls.crt"),
      key: site.directory.file("orchestrator/orchestrator-tls.key"), as: "probe")
    #expect(try site.call(folder).status == "PERMISSION_DENIED")
  }
}
