import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

@Suite("linting Bacalhau's files")
struct BacalhauLintTests {
  private let bench: BacalhauWorkbench

  init() throws { bench = try BacalhauWorkbench() }

  private static let orchestrator = """
    Orchestrator:
      Enabled: true
      Auth:
        Token: 0123456789abcdef
      TLS:
        ServerCert: /etc/bacalhau/server.crt
        ServerKey: /etc/bacalhau/server.key
        CACert: /etc/bacalhau/ca.crt

    """

  private static let compute = """
    Compute:
      Orchestrators:
        - nats://10.0.5.16:4222
      Auth:
        Token: 0123456789abcdef
      TLS:
        CACert: /etc/bacalhau/ca.crt

    """

  private func lint(_ files: [(String, String)], declared: Bacalhau? = nil) throws -> [Finding] {
    let context = LintContext(files: try files.map { try LintFile($0.0, text: $0.1) }, now: bench.workbench.now)
    return Bacalhau.lint(context, declared: declared)
  }

  /// The findings of a pair of files, as `code file:line`.
  private func codes(orchestrator: String = orchestrator, compute: String = compute) throws -> [String] {
    try lint([("o.yaml", orchestrator), ("c.yaml", compute)]).map { "\($0.code) \($0.file):\($0.line ?? 0)" }
  }

  /// Certificate, key and CA of an orchestrator with some names.
  private func pems(_ names: [String], profile: Profile = .node) throws -> (crt: String, key: String, ca: String) {
    let identity = try Identity(commonName: "an orchestrator", names: names.compactMap { SubjectName(host: $0) })
    let credential = try bench.workbench.credential(identity, profile: profile)
    return try (credential.chainPEM(), #require(try credential.keyPEM()), credential.trustPEM())
  }

  @Test("what we deliver has no finding", arguments: [false, true])
  func clean(isBehindProxy: Bool) throws {
    var bench = bench
    if isBehindProxy {
      bench.declaration = bench.declaration.replacing("tokenFile", with: "supportReverseProxy: true, tokenFile")
    }
    bench.files["conf/orchestrator.yaml"] = "Orchestrator: {Enabled: true, Port: 5222}\n"
    let files = try bench.deliver().folders.flatMap { folder in
      folder.artefacts.map { ("out/bacalhau/\(folder.name)/\($0.path)", $0.text) }
    }
    #expect(try lint(files).isEmpty)
    #expect(try lint(files, declared: bench.system()).isEmpty)
    #expect(try codes().isEmpty)
  }

  @Test("files of others are left alone")
  func foreign() throws {
    let substra = "orchestrator:\n  host: a\n  tls: {enabled: true, cacert: ca, mtls: {enabled: true}}\n"
    let fleet = "systems: [{kind: bacalhau, compute: {tls: {}}}]\n"
    let deployment = "kind: Deployment\ncompute: {tls: {requireTLS: true}}\n"
    #expect(try lint([("a.yaml", substra), ("b.yaml", fleet), ("c.yaml", deployment), ("d.yaml", "- a\n")]).isEmpty)
    #expect(try lint([("e.yaml", "a: 1\n---\nCompute: {TLS: {RequireTLS: true}}\n")]).isEmpty)
  }

  @Test("the text's own example is found out")
  func example() throws {
    let found = try codes(
      orchestrator: Self.orchestrator.replacing("0123456789abcdef", with: "i_am_very_secret_token"),
      compute: Self.compute.replacing("0123456789abcdef", with: "\"i_am_very_secret_token\""))
    #expect(found == ["public-token o.yaml:4", "public-token c.yaml:5"])
  }

  @Test("tokens that are short, differ or are missing")
  func tokens() throws {
    let short = try codes(
      orchestrator: Self.orchestrator.replacing("0123456789abcdef", with: "short"),
      compute: Self.compute.replacing("0123456789abcdef", with: "short"))
    #expect(short == ["weak-token o.yaml:4", "weak-token c.yaml:5"])
    let other = Self.compute.replacing("0123456789abcdef", with: "fedcba9876543210")
    #expect(try codes(compute: other) == ["tokens-differ c.yaml:5"])
    let none = Self.compute.replacing("Auth:\n    Token: 0123456789abcdef\n", with: "Auth: {}\n")
    #expect(try codes(compute: none) == ["tokens-differ c.yaml:1"])
    let open = Self.orchestrator.replacing("Token: 0123456789abcdef", with: "Token: ''")
    #expect(try codes(orchestrator: open) == ["no-token o.yaml:6"])
    let hash = Self.orchestrator.replacing("0123456789abcdef", with: "$2a$11$abcdefghijklmnop")
    #expect(try codes(orchestrator: hash).isEmpty)
    for finding in try lint([("o.yaml", Self.orchestrator), ("c.yaml", other)]) {
      #expect(!"\(finding)".contains("fedcba9876543210"))
    }
  }

  @Test("RequireTLS without a proxy, and a proxy without RequireTLS")
  func requireTLS() throws {
    let requires = Self.compute + "    RequireTLS: true\n"
    #expect(try codes(compute: requires) == ["require-tls-without-proxy c.yaml:8"])
    let proxy = "Orchestrator: {SupportReverseProxy: true, Auth: {Token: 0123456789abcdef}}\n"
    #expect(try codes(orchestrator: proxy, compute: requires).isEmpty)
    #expect(try codes(orchestrator: proxy) == ["require-tls-missing c.yaml:1"])
    let alone = try lint([("c.yaml", requires)])
    #expect(alone.map(\.code) == ["require-tls-without-proxy"] && alone.map(\.severity) == [.warning])
  }

  @Test("a CA that a node lacks, unless the orchestrator's is a public one")
  func missingCA() throws {
    let without = Self.compute.replacing("TLS:\n    CACert: /etc/bacalhau/ca.crt\n", with: "TLS: {}\n")
    #expect(try codes(compute: without) == ["ca-missing c.yaml:1"])
    let publicCA = Self.orchestrator.replacing("    CACert: /etc/bacalhau/ca.crt\n", with: "")
    #expect(try codes(orchestrator: publicCA, compute: without) == ["own-ca-missing o.yaml:6"])
  }

  @Test("half a pair, with which Bacalhau doesn't start")
  func halfPair() throws {
    let noKey = Self.orchestrator.replacing("    ServerKey: /etc/bacalhau/server.key\n", with: "")
    #expect(try codes(orchestrator: noKey) == ["incomplete-pair o.yaml:6"])
    let noCertificate = Self.orchestrator.replacing("    ServerCert: /etc/bacalhau/server.crt\n", with: "")
    #expect(try codes(orchestrator: noCertificate) == ["incomplete-pair o.yaml:6"])
  }

  @Test("addresses that can't be dialled, or hold a token")
  func addresses() throws {
    let bad = Self.compute.replacing("nats://10.0.5.16:4222", with: "http://10.0.5.16\n    - nats://s3cr3t@a.example")
    let findings = try lint([("c.yaml", bad)])
    #expect(findings.map(\.code) == ["bad-address", "token-in-address"] && findings.map(\.line) == [3, 4])
    #expect(!"\(findings)".contains("s3cr3t"))
  }

  @Test("misspelt and repeated keys")
  func keys() throws {
    let misspelt = Self.compute.replacing("CACert", with: "CACrt") + "compute: {}\n"
    let found = try lint([("c.yaml", misspelt)])
    #expect(found.map(\.code).contains("key-twice"))
    let single = try lint([("c.yaml", Self.compute.replacing("CACert", with: "CACrt"))])
    #expect(single.map(\.code) == ["unknown-key"] && single.first?.fix == "write CACert" && single.first?.line == 7)
    #expect(try lint([("c.yaml", Self.compute.replacing("CACert", with: "cacert"))]).isEmpty)
  }

  @Test("paths that depend on where Bacalhau is started, and keys in a certificate's place")
  func paths() throws {
    #expect(
      try codes(compute: Self.compute.replacing("/etc/bacalhau/ca.crt", with: "ca.crt")) == ["relative-path c.yaml:7"])
    #expect(
      try codes(compute: Self.compute.replacing("ca.crt", with: "ca.key")) == ["key-for-certificate c.yaml:7"])
    let key = try pems(["a"]).key
    let swapped = try lint([("d/c.yaml", Self.compute), ("d/ca.crt", key)])
    #expect(swapped.map(\.code) == ["key-for-certificate"])
  }

  @Test("the CA's key on the orchestrator")
  func authorityKey() throws {
    let key = try KeyKind.p256.generate()
    var random = SystemRandomNumberGenerator()
    let root = try Issuer.root(
      AuthorityPlan(name: "CA", lifetime: .seconds(86_400)), key: key, serial: .random(using: &random),
      at: bench.workbench.now)
    let files = try [
      ("o.yaml", Self.orchestrator), ("server.key", KeyCoding.pem(key)), ("ca.crt", PEM.encode(root.certificate)),
    ]
    let found = try lint(files)
    #expect(found.map(\.code) == ["ca-key-on-node"] && found.first?.line == 7)
    let other = try KeyCoding.pem(KeyKind.p256.generate())
    #expect(try lint([files[0], ("server.key", other), files[2]]).isEmpty)
  }

  @Test("a certificate without the host that a node dials, or without 127.0.0.1")
  func names() throws {
    func found(_ names: [String], _ orchestrator: String = Self.orchestrator) throws -> [String] {
      let pems = try pems(names)
      return try lint([
        ("o/o.yaml", orchestrator), ("c/c.yaml", Self.compute), ("o/server.crt", pems.crt), ("o/ca.crt", pems.ca),
        ("c/ca.crt", pems.ca),
      ]).map { "\($0.code) \($0.file):\($0.line ?? 0)" }
    }
    #expect(try found(["10.0.5.16", "127.0.0.1"]).isEmpty)
    #expect(try found(["10.0.5.17", "127.0.0.1"]) == ["san-lacks-host c/c.yaml:3"])
    #expect(try found(["10.0.5.16"]) == ["san-lacks-loopback o/server.crt:0"])
    let bound = Self.orchestrator.replacing("Enabled: true", with: "Host: 10.0.5.16")
    #expect(try found(["10.0.5.16"], bound).isEmpty)
    let advertised = Self.orchestrator.replacing("Enabled: true", with: "Advertise: a.example:4222")
    #expect(try found(["10.0.5.16", "127.0.0.1"], advertised) == ["san-lacks-host o/server.crt:0"])
  }

  @Test("a certificate that no server may have, and a CA that didn't sign it")
  func usageAndTrust() throws {
    let client = try pems(["10.0.5.16", "127.0.0.1"], profile: .client)
    let usage = try lint([("o.yaml", Self.orchestrator), ("server.crt", client.crt), ("ca.crt", client.ca)])
    #expect(usage.map(\.code) == ["no-server-usage"])
    let good = try pems(["10.0.5.16", "127.0.0.1"])
    let other = try PEM.encode(Workbench(name: "Another CA").issuer.certificate)
    let trust = try lint([
      ("o/o.yaml", Self.orchestrator), ("c/c.yaml", Self.compute), ("o/server.crt", good.crt), ("o/ca.crt", good.ca),
      ("c/ca.crt", other),
    ])
    #expect(trust.map { "\($0.code) \($0.file):\($0.line ?? 0)" } == ["not-trusted c/c.yaml:7"])
  }

  @Test("an orchestrator on another port that doesn't find itself")
  func ownAddress() throws {
    let other = Self.orchestrator.replacing("Enabled: true", with: "Port: 5222")
    #expect(try codes(orchestrator: other) == ["own-address-missing o.yaml:2"])
    #expect(try codes(orchestrator: other + "Compute: {Orchestrators: [nats://127.0.0.1:5222]}\n").isEmpty)
    let pems = try pems(["127.0.0.1", "0.0.0.0"])
    #expect(try lint([("o.yaml", other), ("server.crt", pems.crt), ("ca.crt", pems.ca)]).isEmpty)
  }

  @Test("orchestrators that talk to each other unencrypted")
  func cluster() throws {
    let cluster = Self.orchestrator.replacing("Enabled: true", with: "Cluster: {Peers: [nats://b:6222]}")
    #expect(try codes(orchestrator: cluster) == ["plain-cluster o.yaml:2"])
    #expect(try codes(orchestrator: cluster.replacing("nats://b:6222", with: "")).isEmpty)
  }

  @Test("a fleet file says which file is whose")
  func declared() throws {
    let files = [
      ("conf/orchestrator.yaml", "Orchestrator: {Enabled: true}\n"), ("compute-1.yaml", "Compute: {Enabled: true}\n"),
      ("compute-2.yaml", "Compute: {TLS: {RequireTLS: true}}\n"),
    ]
    #expect(try lint(files, declared: bench.system()).map(\.code) == ["require-tls-without-proxy"])
    #expect(try lint(files, declared: bench.system()).map(\.severity) == [.error])
  }

  @Test("every finding says what, why and how to mend it")
  func texts() throws {
    let broken = Self.compute.replacing("0123456789abcdef", with: "short").replacing("nats://10", with: "ftp://10")
    for finding in try lint([("o.yaml", Self.orchestrator), ("c.yaml", broken + "    RequireTLS: true\n")]) {
      for text in [finding.what, finding.why, finding.fix] {
        #expect(!text.isEmpty && !text.hasSuffix("."))
      }
    }
  }
}
