import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

@Suite("lint of Connectware's files")
struct ConnectwareLintTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func yaml(_ path: String, _ text: String) throws -> LintFile {
    let bytes = Array(text.utf8)
    return LintFile(path: path, bytes: bytes, content: .yaml(try YAMLTree.documents(bytes)))
  }

  private func pem(_ path: String, _ text: String) -> LintFile {
    let bytes = Array(text.utf8)
    return LintFile(path: path, bytes: bytes, content: .pem(PEM.scan(bytes).blocks))
  }

  /// `CODE:LINE` of each finding in a values file, and whatever stands beside it.
  private func lint(_ values: String, _ others: [LintFile] = [], declared: Connectware? = nil) throws -> [String] {
    let context = LintContext(files: [try yaml("values.yaml", values)] + others, now: bench.now)
    return Connectware.lint(context, declared: declared).map { finding in
      "\(finding.code.replacing("connectware-", with: "")):\(finding.line ?? 0)"
    }
  }

  private func agents(_ entries: String) -> String {
    """
    protocolMapperAgentDefaults:
      mTLS: {enabled: true, caChain: {existingConfigMap: ca}}
    protocolMapperAgents:
    \(entries)
    """
  }

  private func secret(_ name: String, type: KubernetesSecret.SecretType = .tls, _ credential: NodeCredential) throws
    -> LintFile
  {
    let secret = KubernetesSecret(
      name: name, type: type,
      data: [
        .init(key: "tls.crt", value: Array(try credential.chainPEM().utf8)),
        .init(key: "tls.key", value: Array((try credential.keyPEM() ?? "").utf8)),
      ])
    return try yaml("secret.yaml", secret.yaml())
  }

  @Test("files of other systems are passed over")
  func others() throws {
    #expect(try lint("agents: [{name: a.b}, {name: a-b}]\nmtls: {keypair: x}\n").isEmpty)
    #expect(try lint("global: {mTLS: {}}\n").isEmpty)
  }

  @Test("what we deliver has no finding", arguments: ["", "keyPair: inline", "keyPair: inline\ncaChain: inline"])
  func clean(more: String) throws {
    let system = try bench.connectware("names: [a.b, {name: c, existingSecret: pair}]", more)
    let delivery = try bench.deliver(system)
    let files = try delivery.folders.flatMap { folder in
      try folder.artefacts.map { artefact in
        let path = "out/connectware/\(folder.name)/\(artefact.path)"
        if path.hasSuffix(".yaml") { return try yaml(path, artefact.text) }
        return pem(path, artefact.text)
      }
    }
    let context = LintContext(files: files, now: bench.now)
    #expect(Connectware.lint(context, declared: system).isEmpty)
    #expect(Connectware.lint(context, declared: nil).isEmpty)
  }

  @Test("misspelt keys are found at every level, and others are left alone")
  func spelling() throws {
    let values = """
      protocolMapperAgentDefault: {}
      protocolMapperAgentDefaults:
        tls: {}
        mtls: {enabled: true}
      protocolMapperAgents:
        - name: a
          mTLS:
            Enabled: true
            keypair: {}
            caChain: {crt: x, extra: y}
            keyPair:
              existingSecrets: x
      """
    #expect(
      try lint(values) == [
        "misspelt-key:1", "misspelt-key:4", "misspelt-key:8", "misspelt-key:9", "misspelt-key:12", "misspelt-key:10",
        "mtls-off:6",
      ])
    #expect(try lint("global:\n  authentication:\n    mtls: {enabled: true}\n") == ["misspelt-key:3"])
  }

  @Test("a.b and a-b collide, and so do two of one name")
  func collisions() throws {
    #expect(
      try lint(agents("  - name: a.b\n  - name: a-b\n  - name: c\n  - name: c\n"))
        == ["name-collision:5", "name-collision:7"])
    #expect(try lint(agents("  - name: a.b\n  - name: ab\n")).isEmpty)
  }

  @Test("two sources of a key pair, half a key pair, two sources of a CA chain")
  func sources() throws {
    func pair(_ keys: String) throws -> [String] {
      try lint(agents("  - name: a\n    mTLS:\n      keyPair: {\(keys)}\n"))
    }
    #expect(try pair("existingSecret: s, cert: x, key: y") == ["two-key-pairs:6"])
    #expect(try pair("cert: x") == ["incomplete-key-pair:6"])
    #expect(try pair("key: x") == ["incomplete-key-pair:6"])
    #expect(try pair("cert: x, key: y").isEmpty)
    #expect(
      try lint(agents("  - name: a\n    mTLS:\n      caChain: {cert: x, existingConfigMap: ca}\n"))
        == ["two-ca-chains:6"])
  }

  @Test("mTLS without a CA chain, and a key pair without mTLS")
  func halfway() throws {
    let on = "protocolMapperAgents:\n  - name: a\n    mTLS: {enabled: true, keyPair: {existingSecret: s}}\n"
    #expect(try lint(on) == ["no-ca-chain:2"])
    let off = "protocolMapperAgents:\n  - name: a\n    mTLS: {keyPair: {existingSecret: s}}\n"
    #expect(try lint(off) == ["mtls-off:2"])
    #expect(try lint(agents("  - name: a\n    mTLS: {keyPair: {existingSecret: s}}\n")).isEmpty)
  }

  @Test("names of objects that no cluster accepts")
  func objectNames() throws {
    let long = String(repeating: "a", count: 254)
    #expect(try lint(agents("  - name: a\n    mTLS: {keyPair: {existingSecret: \(long)}}\n")) == ["object-name:5"])
    #expect(
      try lint("protocolMapperAgentDefaults:\n  mTLS: {caChain: {existingConfigMap: My_CA}}\n") == ["object-name:2"])
  }

  @Test("a Secret of another type, without its keys, or of another agent")
  func secrets() throws {
    let values = agents("  - name: a.b\n    mTLS: {keyPair: {existingSecret: s}}\n")
    let good = try bench.credential(named: "a.b")
    #expect(try lint(values, [secret("s", good)]).isEmpty)
    #expect(try lint(values, [secret("s", type: .opaque, good)]) == ["secret-type:1"])
    #expect(
      try lint(
        values, [yaml("s.yaml", "kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\ndata: {tls.key: eA==}\n")])
        == ["secret-key:1"])
    #expect(try lint(values, [secret("s", bench.credential(named: "a-b"))]) == ["common-name:1"])
    #expect(try lint(values, [secret("s", bench.credential(named: "a.b", profile: .server))]) == ["client-usage:1"])
    // One that no agent of the file names is none of ours.
    #expect(try lint(values, [secret("t", type: .opaque, bench.credential(named: "x"))]).isEmpty)
  }

  @Test("a key pair in the values that is another agent's")
  func inline() throws {
    func values(_ name: String) throws -> String {
      let credential = try bench.credential(named: name)
      func block(_ pem: String) -> String {
        pem.split(separator: "\n").map { "          \($0)\n" }.joined()
      }
      return agents(
        "  - name: a\n    mTLS:\n      keyPair:\n        cert: |\n\(block(try credential.chainPEM()))"
          + "        key: |\n\(block(try credential.keyPEM() ?? ""))")
    }
    #expect(try lint(values("a")).isEmpty)
    #expect(try lint(values("b")) == ["common-name:7"])
  }

  @Test("a ConfigMap without ca-chain.pem, or with a partner's intermediate")
  func configMaps() throws {
    func findings(_ key: String, _ certificates: [Certificate]) throws -> [String] {
      let map = KubernetesConfigMap(name: "ca", data: [(key, try certificates.map { try $0.pem }.joined())])
      return try lint(agents("  - name: a\n"), [yaml("ca.yaml", map.yaml())])
    }
    let root = bench.issuer.certificate
    #expect(try findings("ca-chain.pem", [root]).isEmpty)
    #expect(try findings("ca-chain.crt", [root]) == ["configmap-key:1"])
    #expect(try findings("ca-chain.pem", [root, bench.partner().certificate]) == ["partner-intermediate:1"])
  }

  @Test("an authority's file whose first certificate isn't the one that signs")
  func order() throws {
    let other = try Workbench(name: "Other CA").issuer.certificate
    let system = try bench.connectware(
      "names: [a]", installation: "authority: {cert: cybus_ca.crt, key: cybus_ca.key}")
    #expect(system.inputs.map(\.path) == ["cybus_ca.crt"])
    func findings(_ certificates: [Certificate], of credential: NodeCredential) throws -> [String] {
      let bundle = pem("cybus_ca.crt", try certificates.map { try $0.pem }.joined())
      let leaf = pem("out/connectware/a/tls.crt", try credential.chainPEM())
      return try lint("x: 1\n", [leaf, bundle], declared: system)
    }
    let credential = try bench.credential(named: "a")
    #expect(try findings([bench.issuer.certificate, other], of: credential).isEmpty)
    #expect(try findings([other, bench.issuer.certificate], of: credential) == ["ca-order:1"])
    #expect(try findings([other], of: credential).isEmpty)
  }

  @Test("a given certificate that isn't the agent's")
  func given() throws {
    let system = try bench.connectware("names: [{name: a, certificate: a.crt}]")
    let mine = pem("a.crt", try bench.credential(named: "a").chainPEM())
    let other = pem("a.crt", try bench.credential(named: "b").chainPEM())
    #expect(try lint("x: 1\n", [mine], declared: system).isEmpty)
    #expect(try lint("x: 1\n", [other], declared: system) == ["common-name:1"])
  }
}
