import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("lint of Choreo Connect's files")
struct ChoreoConnectLintTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func file(_ path: String, _ bytes: [UInt8]) -> LintFile {
    let content: LintFile.Content
    if PEM.isLikely(bytes), !path.hasSuffix(".yaml") {
      content = .pem(PEM.scan(bytes).blocks)
    } else if path.hasSuffix(".toml") {
      content = .toml
    } else if path.hasSuffix(".yaml"), let documents = try? YAMLTree.documents(bytes) {
      content = .yaml(documents)
    } else {
      content = .other
    }
    return LintFile(path: path, bytes: bytes, content: content)
  }

  private func lint(_ files: [String: [UInt8]], declared: ChoreoConnect? = nil) -> [Finding] {
    let files = files.sorted { $0.key < $1.key }.map { file($0.key, $0.value) }
    return ChoreoConnect.lint(LintContext(files: files, now: bench.now), declared: declared)
  }

  private func lint(_ files: [String: String], declared: ChoreoConnect? = nil) -> [Finding] {
    lint(files.mapValues { Array($0.utf8) }, declared: declared)
  }

  private func summary(_ findings: [Finding]) -> [String] {
    findings.map { "\($0.file):\($0.line ?? 0) \($0.severity.rawValue) \($0.code)" }
  }

  private func settings(_ lines: String) -> [String] {
    summary(lint(["config.toml": "[router.upstream]\n[router.upstream.tls]\n\(lines)\n"]))
  }

  @Test(
    "what we deliver has no finding, with the fleet file and without it",
    arguments: ["trust: project", "trust: params", "trust: global", "trust: project, kubernetes: {namespace: cc}"])
  func clean(router: String) throws {
    let yaml = """
      kind: choreo-connect
      router: {home: cc, \(router)}
      backends:
        - {endpoint: "https://backend.example.org:9443/v1", api: PetStore,
           truststore: {path: t.jks, passwordFile: pw}}
        - {endpoint: "https://10.0.0.7", api: PetStore, selfSigned: true}
      """
    let system = try bench.choreo(yaml)
    let supply = try bench.choreoSupply(
      system, files: ["pw": Array("changeit".utf8), "cc/conf/config.toml": Array(ChoreoFixtures.config.utf8)])
    let files = try bench.deliver(system, supply).deliveredFiles
    #expect(summary(lint(files)).isEmpty)
    #expect(summary(lint(files, declared: system)).isEmpty)
  }

  @Test("files of others are left alone")
  func others() throws {
    let other = try PEM.encode(bench.issuer.certificate)
    #expect(
      lint([
        "values.yaml":
          "orchestrator: {tls: {enabled: false}}\ndata: [1, {endpoint: x}]\nenvironments: [a, {name: b}]\n",
        "ca.pem": other, "app.toml": "[server]\nminimumProtocolVersion = \"9\"\n", "note.txt": "hello",
      ]).isEmpty)
  }

  @Test("the public key pair is found in PEM files, Secrets and Java stores")
  func publicKey() throws {
    let directory = try TemporaryDirectory()
    let shipped = try ChoreoFixtures.lookAlike(in: directory)
    let secret = KubernetesSecret(
      name: "router-keystore", data: [.init(key: "mg.pem", value: Array(shipped.utf8))])
    try Tool.require(
      "keytool",
      [
        "-importcert", "-noprompt", "-keystore", "t.jks", "-storetype", "JKS", "-storepass", "changeit", "-alias",
        "router", "-file", "mg.pem",
      ], in: directory.url)
    let found = lint([
      "a.pem": Array((try PEM.encode(bench.issuer.certificate) + shipped).utf8),
      "b.yaml": Array(try secret.yaml().utf8),
      "c.jks": Array(try Data(contentsOf: directory.file("t.jks"))),
    ])
    let line = try PEM.encode(bench.issuer.certificate).split(separator: "\n").count + 1
    #expect(
      summary(found) == [
        "a.pem:\(line) error public-router-key", "b.yaml:1 error public-router-key", "c.jks:0 error public-router-key",
      ])
  }

  @Test(
    "settings that can't work, or protect nothing, are found in their lines",
    arguments: [
      ("minimumProtocolVersion = \"TLS1_4\"", ["error unknown-tls-version"]),
      ("maximumProtocolVersion = 'TLSv1.2'", ["error unknown-tls-version"]),
      ("minimumProtocolVersion = \"TLS1_3\"\nmaximumProtocolVersion = \"TLS1_2\"", ["error tls-versions-reversed"]),
      ("minimumProtocolVersion = \"TLS1_1\"", ["warning old-tls-version"]),
      ("ciphers = \"AES128-SHA, ECDHE-RSA-AES128-GCM-SHA265\"", ["error unknown-cipher"]),
      ("ciphers = \"AES128-SHA\"\nminimumProtocolVersion = \"TLS1_3\"", ["warning ciphers-without-effect"]),
      ("verifyHostName = false  # test", ["error hostname-not-verified"]),
      ("disableSslVerification = true", ["error verification-disabled"]),
      ("minimumProtocolVersion = \"TLS1_2\"\nmaximumProtocolVersion = \"TLS1_3\"\nciphers = \"AES128-SHA\"", []),
      ("verifyHostName = true\ndisableSslVerification = false", []),
    ])
  func settings(lines: String, found: [String]) {
    #expect(settings(lines) == found.map { "config.toml:3 \($0)" })
  }

  @Test("the line is that of the key in its own table, also within a ConfigMap")
  func lines() {
    let toml = "[other]\nverifyHostName = false\n[router.upstream.tls] # ours\n\n  verifyHostName = false\n"
    #expect(summary(lint(["c.toml": toml])) == ["c.toml:5 error hostname-not-verified"])
    let indented = toml.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
    let manifest = "kind: ConfigMap\nmetadata: {name: config-toml}\ndata:\n  config.toml: |\n\(indented)"
    #expect(summary(lint(["c.yaml": manifest])) == ["c.yaml:9 error hostname-not-verified"])
  }

  @Test("a server whose key suits none of the ciphers is found")
  func ciphers() throws {
    func found(_ kind: KeyKind) throws -> [String] {
      let leaf = try bench.credential(
        Identity(commonName: "b.example"), profile: .server, key: kind)
      let toml = """
        [router.upstream.tls]
        minimumProtocolVersion = "TLS1_2"
        maximumProtocolVersion = "TLS1_2"
        ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
        """
      return summary(lint(["c.toml": toml, "backend.pem": try leaf.chainPEM()]))
    }
    #expect(try found(.p256) == ["c.toml:4 error cipher-key-mismatch"])
    #expect(try found(.rsa2048).isEmpty)
  }

  @Test("a server that isn't dialled is no concern of the router's settings")
  func otherServers() throws {
    let leaf = try bench.credential(Identity(commonName: "orchestrator.example"), profile: .server)
    let toml = """
      [router.upstream.tls]
      minimumProtocolVersion = "TLS1_2"
      maximumProtocolVersion = "TLS1_2"
      ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
      """
    #expect(lint(["c.toml": toml, "server.pem": try leaf.chainPEM()], declared: try bench.choreo()).isEmpty)
  }

  private let list = """
    type: endpoint_certificates
    version: v4.0.0
    data:
      - alias: b
        endpoint: https://b.example:9443/v1
        certificate: b.crt
    """

  private func project(_ files: [String: String], declared: ChoreoConnect? = nil) -> [String] {
    var all = files
    all["P/Endpoint-certificates/endpoint_certificates.yaml"] = list
    return summary(lint(all, declared: declared)).map { $0.replacing("P/Endpoint-certificates/", with: "") }
  }

  @Test("an endpoint that is written otherwise than in the API is found; so is one that the fleet file has")
  func urls() throws {
    func definition(_ url: String) -> [String: String] {
      ["P/api.yaml": "data: {endpointConfig: {production_endpoints: {url: \"\(url)\"}}}"]
    }
    #expect(
      project(definition("https://b.example:9443/v1/")) == ["endpoint_certificates.yaml:5 error endpoint-url-mismatch"])
    #expect(project(definition("https://b.example:9443/v1")).isEmpty)
    let declared = try bench.choreo(
      "kind: choreo-connect\nrouter: {home: cc}\nbackends: [{endpoint: \"https://b.example:9443\", api: P}]\n")
    #expect(project([:], declared: declared) == ["endpoint_certificates.yaml:5 error endpoint-url-mismatch"])
  }

  @Test("a certificate that the list names and that isn't there is found, where its folder was looked at")
  func missing() throws {
    let other = try PEM.encode(bench.issuer.certificate)
    #expect(
      project(["P/Endpoint-certificates/other.crt": other])
        == ["endpoint_certificates.yaml:6 error endpoint-certificate-missing"])
    #expect(project(["P/Endpoint-certificates/b.crt": other]).isEmpty)
    #expect(project([:]).isEmpty)
  }

  @Test("an API's own certificate that lacks the dialled host is found")
  func names() throws {
    func found(_ host: String) throws -> [String] {
      let name = try #require(SubjectName(host: host))
      let leaf = try bench.credential(Identity(commonName: "backend", names: [name]), profile: .server)
      return project(["P/Endpoint-certificates/b.crt": try PEM.encode(leaf.leaf)])
    }
    #expect(try found("c.example") == ["b.crt:1 error endpoint-name-missing"])
    #expect(try found("b.example").isEmpty)
  }

  @Test("certificates without the backend's issuer are found, in params.yaml too")
  func issuer() throws {
    let leaf = try bench.credential(Identity(commonName: "b.example"), profile: .server).chainPEM()
    let ours = try PEM.encode(bench.issuer.certificate)
    let other = try PEM.encode(Workbench(name: "Other CA").issuer.certificate)
    #expect(
      project(["P/Endpoint-certificates/b.crt": other, "backend.pem": leaf])
        == ["endpoint_certificates.yaml:6 error endpoint-issuer-missing"])
    #expect(project(["P/Endpoint-certificates/b.crt": ours, "backend.pem": leaf]).isEmpty)
    let params = """
      environments:
        - name: dev
          configs:
            certs:
              - {hostName: "https://b.example:9443/v1", alias: b, path: b.crt}
      """
    #expect(
      summary(lint(["D/params.yaml": params, "D/certificates/b.crt": other, "backend.pem": leaf]))
        == ["D/params.yaml:5 error endpoint-issuer-missing"])
    #expect(lint(["D/params.yaml": params, "D/certificates/b.crt": ours, "backend.pem": leaf]).isEmpty)
  }

  @Test("a certificate that the fleet file has delivered as it is must name the endpoint's host")
  func given() throws {
    let system = try bench.choreo(ChoreoFixtures.entry(backend: "certificate: mine.pem, key: mine.key"))
    func found(_ name: String) throws -> [String] {
      summary(
        lint(
          ["mine.pem": try bench.credential(Identity(commonName: name), profile: .server).chainPEM()],
          declared: system))
    }
    #expect(try found("other.example.org") == ["mine.pem:1 error endpoint-name-missing"])
    #expect(try found(ChoreoFixtures.host).isEmpty)
  }
}
