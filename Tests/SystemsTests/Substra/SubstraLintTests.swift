import Credentials
import Formats
import Foundation
import SwiftASN1
import Systems
import Testing
import X509

@Suite("lint of Substra's files")
struct SubstraLintTests {
  private let fixture: SubstraFixture
  private var bench: Workbench { fixture.workbench }

  init() throws { fixture = try SubstraFixture() }

  private static let orchestrator = """
    orchestrator:
      verifyClientMSPID: true
      tls:
        enabled: true
        secrets: {pair: server-pair}
        cacert: server-ca
        mtls:
          enabled: true
          clientCACerts:
            ORG1:
              - server-ca
    """
  private static let backend = """
    orchestrator:
      host: orchestrator.example.org
      mspID: ORG1
      tls:
        enabled: true
        cacert: backend-ca
        mtls:
          enabled: true
          clientCertificate: client-pair
    """

  private func lint(_ files: [String: String], declared: Substra? = nil) -> [Finding] {
    let files = files.sorted { $0.key < $1.key }.map { path, text -> LintFile in
      let bytes = Array(text.utf8)
      let isYAML = path.hasSuffix(".yaml")
      let content: LintFile.Content =
        isYAML ? .yaml((try? YAMLTree.documents(bytes)) ?? []) : .pem(PEM.scan(bytes).blocks)
      return LintFile(path: path, bytes: bytes, content: content)
    }
    return Substra.lint(LintContext(files: files, now: bench.now), declared: declared)
  }

  /// The code and place of each finding.
  private func codes(_ files: [String: String], declared: Substra? = nil) -> [String] {
    lint(files, declared: declared).map { "\($0.file):\($0.line.map(String.init) ?? "-") \($0.code)" }
  }

  private func ca(_ name: String, _ certificates: Certificate..., key: String = "ca.crt") throws -> String {
    let pem = try PEM.text(certificates)
    return try KubernetesSecret(name: name, data: [.init(key: key, value: Array(pem.utf8))]).yaml()
  }

  private func pair(_ name: String, _ chain: Certificate...) throws -> String {
    try KubernetesSecret.tls(name: name, certificate: PEM.text(chain), key: "key").yaml()
  }

  private func client(_ organization: String?, _ bench: Workbench? = nil, profile: Profile = .node) throws
    -> Certificate
  {
    let identity = try Identity(commonName: "b.example", organization: organization)
    return try (bench ?? self.bench).credential(identity, profile: profile).leaf
  }

  // MARK: - What is right

  @Test("what is delivered has no finding, with the fleet file and without")
  func clean() throws {
    let partner = "\n  - {org: MyOrg2MSP, csr: MyOrg2MSP.csr, host: backend.org-2.example.org}"
    for chart in ["8.8.0", "8.0.0"] {
      let entry = SubstraFixture.entry.replacing("8.8.0", with: chart) + partner
      let system = try fixture.system(entry)
      let delivery = try bench.deliver(system, files: fixture.files)
      var files: [String: String] = [:]
      for folder in delivery.folders {
        for artefact in folder.artefacts { files["out/\(folder.name)/\(artefact.path)"] = artefact.text }
      }
      #expect(codes(files, declared: system) == [])
      // Without its version nobody knows that the chart wants ConfigMaps.
      if chart == "8.8.0" { #expect(codes(files) == []) }
    }
  }

  @Test("files of others aren't looked at")
  func others() throws {
    let secret = try ca("server-ca", key: "x")
    #expect(
      codes(["a.yaml": "Orchestrator: {TLS: {CACert: x}}\n", "b.yaml": secret, "c.yaml": "kind: substra\n"]) == [])
    #expect(codes(["a.yaml": "orchestrator: {host: x, tls: {enabld: true}}\n", "b.pem": try bench.caPEM]) == [])
    let manifest = "kind: Deployment\norchestrator: {verifyClientMSPID: true, tls: {mtls: {clientCACerts: x}}}\n"
    #expect(codes(["a.yaml": manifest]) == [])
  }

  // MARK: - The orchestrator's values

  @Test(
    "each slip in the orchestrator's values is found in its line",
    arguments: [
      ("secrets: {pair", "secrts: {pair", "o.yaml:5 substra-misspelt-value"),
      ("ORG1:\n          - server-ca", "ORG1: server-ca", "o.yaml:10 substra-client-cacerts"),
      (
        "clientCACerts:\n        ORG1:\n          - server-ca", "clientCACerts: server-ca",
        "o.yaml:9 substra-client-cacerts"
      ),
      ("  ORG1:\n          - ", "  - ", "o.yaml:10 substra-client-cacerts"),
      ("enabled: true\n    secrets", "enabled: false\n    secrets", "o.yaml:8 substra-mtls-without-tls"),
      ("verifyClientMSPID: true", "logLevel: INFO", "o.yaml:2 substra-mspid-not-verified"),
      ("ORG1:", "my.org:", "o.yaml:10 substra-volume-name"),
      ("ORG1:", "OrganizationsWithLongNamesIndeedMSP:", "o.yaml:10 substra-volume-name"),
      ("ORG1:", "org1: [a]\n        ORG1:", "o.yaml:11 substra-volume-collision"),
      ("secrets:", "createCertificates: {enabled: true}\n    secrets:", "o.yaml:5 substra-cert-manager"),
    ])
  func orchestratorValues(text: String, replacement: String, finding: String) throws {
    #expect(codes(["o.yaml": Self.orchestrator]) == [])
    #expect(Self.orchestrator.contains(text))
    #expect(codes(["o.yaml": Self.orchestrator.replacing(text, with: replacement)]) == [finding])
  }

  @Test("a key that isn't the MSP ID is found while MSP IDs are verified")
  func keys() throws {
    let wrong = Self.orchestrator.replacing("ORG1:", with: "orchestrator:")
    let files = ["o.yaml": wrong, "b.yaml": Self.backend]
    let finding = try #require(lint(files).first)
    #expect(finding.code == "substra-unknown-organization" && finding.line == 10 && finding.severity == .error)
    #expect(finding.what == "no key of clientCACerts is ORG1: there is orchestrator")
    #expect(codes(["o.yaml": Self.orchestrator, "b.yaml": Self.backend]) == [])
    let off = wrong.replacing("verifyClientMSPID: true", with: "verifyClientMSPID: false")
    #expect(codes(["o.yaml": off, "b.yaml": Self.backend]) == [])
  }

  @Test("the server's pair is held against the hosts that backends dial")
  func server() throws {
    let dialled = try bench.credential(Identity(commonName: "orchestrator.example.org")).leaf
    var files = ["o.yaml": Self.orchestrator, "b.yaml": Self.backend]
    files["pair.yaml"] = try pair("server-pair", dialled)
    #expect(codes(files) == [])
    files["o.yaml"] = "ingress: {hostname: in.example}\n" + Self.orchestrator
    #expect(lint(files).map(\.what) == ["its subjectAltName lacks in.example"])
    files["pair.yaml"] = try pair(
      "server-pair", bench.credential(Identity(commonName: "in.example"), profile: .server).leaf)
    #expect(codes(files) == ["pair.yaml:1 substra-server-name", "pair.yaml:1 substra-server-usage"])
  }

  @Test("a pair that is no Secret, or lacks a part, is found")
  func pairs() throws {
    var files = ["o.yaml": Self.orchestrator]
    files["pair.yaml"] = "kind: ConfigMap\nmetadata: {name: server-pair}\ndata: {tls.crt: x}\n"
    #expect(codes(files) == ["pair.yaml:1 substra-object-kind", "pair.yaml:1 substra-pair-key"])
    #expect(lint(files).last?.what == "server-pair lacks tls.key")
  }

  // MARK: - CA objects

  @Test("a ConfigMap where the chart wants a Secret is an error with its version known, and a warning without")
  func objectKind() throws {
    let pem = try bench.caPEM.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    let map = "kind: ConfigMap\nmetadata: {name: %, namespace: @}\ndata:\n  ca.crt: |\n\(pem)\n"
    var files = ["o.yaml": Self.orchestrator, "b.yaml": Self.backend]
    files["ca.yaml"] = map.replacing("%", with: "server-ca").replacing("@", with: "orchestrator")
    files["bca.yaml"] = map.replacing("%", with: "backend-ca").replacing("@", with: "org-1")
    #expect(lint(files).map(\.severity) == [.warning, .warning])
    #expect(codes(files) == ["ca.yaml:1 substra-object-kind", "bca.yaml:1 substra-object-kind"])
    let entry = SubstraFixture.entry.replacing("MyOrg1MSP", with: "ORG1")
      .replacing("orchestrator-values.yaml", with: "o.yaml").replacing("backend-values.yaml", with: "b.yaml")
    let newer = try fixture.system(entry)
    #expect(lint(files, declared: newer).map(\.severity) == [.error, .error])
    let older = try fixture.system(entry.replacing("8.8.0", with: "8.5.0").replacing("26.15.3", with: "25.0.0"))
    #expect(lint(files, declared: older) == [])
    files["ca.yaml"] = try ca("server-ca", bench.issuer.certificate)
    #expect(lint(files, declared: older).map(\.what) == ["server-ca is a Secret, and must be a ConfigMap"])
  }

  @Test("an object without ca.crt, or with nothing in it, is found")
  func caKey() throws {
    var files = ["o.yaml": Self.orchestrator]
    files["ca.yaml"] = try ca("server-ca", bench.issuer.certificate, key: "tls.crt")
    #expect(lint(files).map(\.what) == ["server-ca has no certificate under the key ca.crt, only tls.crt"])
    files["ca.yaml"] = try ca("server-ca", bench.issuer.certificate)
    #expect(codes(files) == [])
  }

  @Test("a CA file whose first certificate isn't the issuer is found, with its clients and without")
  func caOrder() throws {
    let issuer = try bench.intermediate("Online CA", organization: nil)
    let leaf = try client("ORG1", Workbench(issuer: issuer))
    var files = ["o.yaml": Self.orchestrator, "b.yaml": Self.backend]
    files["ca.yaml"] = try ca("server-ca", bench.issuer.certificate, issuer.certificate)
    #expect(codes(files) == ["ca.yaml:1 substra-ca-order"])
    files["ca.yaml"] = try ca("server-ca", issuer.certificate, bench.issuer.certificate)
    files["pair.yaml"] = try pair("client-pair", leaf)
    #expect(codes(files) == [])
    // Two CAs that have nothing to do with each other: only a client shows which is needed.
    let other = try Workbench(name: "Other CA").issuer.certificate
    files["ca.yaml"] = try ca("server-ca", other, issuer.certificate)
    #expect(lint(files).map(\.what) == ["server-ca begins with CN=Other CA, and CN=Online CA stands behind it"])
  }

  @Test("a partner's intermediate among the CAs is found")
  func partner() throws {
    let partner = try bench.intermediate("Org 2", organization: "ORG2").certificate
    #expect(
      codes(["o.yaml": Self.orchestrator, "ca.yaml": try ca("server-ca", partner)])
        == ["ca.yaml:1 substra-partner-intermediate"])
    let entry = SubstraFixture.entry.replacing("chart: 8.8.0", with: "clientCAs: {ORG2: [p.crt, l.crt]}, chart: 8.8.0")
    let files = ["p.crt": try PEM.encode(partner), "l.crt": try PEM.encode(client("ORG2"))]
    #expect(
      codes(files, declared: try fixture.system(entry))
        == ["p.crt:- substra-partner-intermediate", "l.crt:- substra-not-a-ca"])
  }

  // MARK: - Backends

  @Test(
    "each slip in a backend's values is found in its line",
    arguments: [
      ("clientCertificate:", "clientCertficate:", "b.yaml:9 substra-misspelt-value"),
      ("enabled: true\n    cacert", "enabled: false\n    cacert", "b.yaml:8 substra-mtls-without-tls"),
      ("cacert: backend-ca", "cacert: \"\"", "b.yaml:5 substra-no-server-ca"),
    ])
  func backendValues(text: String, replacement: String, finding: String) throws {
    #expect(codes(["b.yaml": Self.backend]) == [])
    #expect(Self.backend.contains(text))
    #expect(codes(["b.yaml": Self.backend.replacing(text, with: replacement)]) == [finding])
  }

  @Test("a client's certificate of another organization is found")
  func organization() throws {
    var files = ["b.yaml": Self.backend, "pair.yaml": try pair("client-pair", client("ORG2"))]
    #expect(lint(files).map(\.what) == ["its organization is ORG2, and the MSP ID is ORG1"])
    files["pair.yaml"] = try pair("client-pair", client(nil))
    #expect(lint(files).map(\.what) == ["its subject has no organization, and the MSP ID is ORG1"])
    files["pair.yaml"] = try pair("client-pair", client("ORG1"))
    #expect(codes(files) == [])
    files["pair.yaml"] = try pair("client-pair", client("ORG1", profile: .server))
    #expect(codes(files) == ["pair.yaml:1 substra-client-usage"])
  }

  @Test("a client's certificate that another CA signed is found")
  func issuer() throws {
    var files = ["o.yaml": Self.orchestrator, "b.yaml": Self.backend]
    files["ca.yaml"] = try ca("server-ca", bench.issuer.certificate)
    files["pair.yaml"] = try pair("client-pair", client("ORG1"))
    #expect(codes(files) == [])
    files["pair.yaml"] = try pair("client-pair", client("ORG1", Workbench(name: "Other CA")))
    #expect(codes(files) == ["pair.yaml:1 substra-issuer"])
  }

  @Test("a client's certificate without authorityKeyIdentifier is found, in a Secret and beside the values file")
  func noAuthorityKeyIdentifier() throws {
    let key = try KeyKind.p256.generate()
    let bare = try Certificate(
      version: .v1, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: bench.now,
      notValidAfter: bench.now.addingTimeInterval(9_000), issuer: bench.issuer.certificate.subject,
      subject: Identity(commonName: "b.example", organization: "ORG1").subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: .init(), issuerPrivateKey: key)
    var files = ["b.yaml": Self.backend, "pair.yaml": try pair("client-pair", bare)]
    #expect(codes(files) == ["pair.yaml:1 substra-no-authority-key-identifier"])
    files["o.yaml"] = Self.orchestrator.replacing("verifyClientMSPID: true", with: "verifyClientMSPID: false")
    #expect(codes(files) == [])
    let loose = ["b.yaml": Self.backend, "ORG1.crt": try PEM.encode(bare), "ca.crt": try bench.caPEM]
    #expect(codes(loose) == ["ORG1.crt:- substra-no-authority-key-identifier"])
    let elsewhere = ["x/b.yaml": Self.backend, "ORG1.crt": try PEM.encode(bare)]
    #expect(codes(elsewhere) == [])
  }

  @Test("files that the fleet file names are held against their organization")
  func declaredFiles() throws {
    let entry =
      SubstraFixture.entry + """

          - {org: ORG2, csr: r.csr, host: b.example}
          - {org: ORG3, certificate: c.crt, release: b, namespace: org-3, chart: 26.0.0, host: b.example}
        """
    let system = try fixture.system(entry.replacing("\n    - {org: ORG", with: "\n  - {org: ORG"))
    func request(_ organization: String) throws -> String {
      let identity = try Identity(commonName: "b.example", organization: organization)
      return try CertificateRequest(identity, key: KeyKind.p256.generate()).signed.serializeAsPEM().pemString
    }
    let wrong = ["r.csr": try request("ORG9"), "c.crt": try PEM.encode(client("ORG9"))]
    #expect(
      codes(wrong, declared: system) == ["r.csr:1 substra-organization", "c.crt:- substra-organization"])
    let right = ["r.csr": try request("ORG2"), "c.crt": try PEM.encode(client("ORG3"))]
    #expect(codes(right, declared: system) == [])
    let values = Self.backend.replacing("ORG1", with: "Other")
    #expect(codes(["backend-values.yaml": values], declared: system) == ["backend-values.yaml:3 substra-mspid"])
  }

  @Test("each finding says what, why and what to do, in lower case without a full stop")
  func words() throws {
    let wrong = Self.orchestrator.replacing("ORG1:", with: "my.org:").replacing("secrets:", with: "secrts:")
    for finding in lint(["o.yaml": wrong, "b.yaml": Self.backend, "ca.yaml": try ca("server-ca", key: "x")]) {
      for text in [finding.what, finding.why, finding.fix] { #expect(!text.isEmpty && !text.hasSuffix(".")) }
    }
  }
}
