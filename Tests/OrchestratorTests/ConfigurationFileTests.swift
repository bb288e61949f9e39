import Credentials
import Enrolment
import Formats
import Foundation
import Ledger
import Orchestrator
import PKITestKit
import Testing

@Suite("orchestrator.yaml")
struct ConfigurationFileTests {
  private func parse(_ yaml: String, files: [String: String] = [:]) throws(DeclarationErrors)
    -> OrchestratorConfiguration
  {
    let file = OrchestratorConfigurationFile(path: "etc/orchestrator.yaml", home: "/home") { path in
      guard let text = files[path] else {
        throw DeclarationError("\(path) can't be read: no such file", kind: .environment)
      }
      return Array(text.utf8)
    }
    return try file.parse(Array(yaml.utf8))
  }

  private func refusal(_ yaml: String, files: [String: String] = [:]) -> String {
    do {
      _ = try parse(yaml, files: files)
      return "accepted"
    } catch {
      return error.message
    }
  }

  private static let authority: Result<String, any Error> = Result {
    let folder = try TemporaryDirectory()
    try Tool.require(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Partner",
        "-keyout", "key", "-out", "crt",
      ], in: folder.url)
    return try String(contentsOf: folder.file("crt"), encoding: .utf8)
  }

  private static let hash = "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"

  @Test("what the command line's contract shows is read whole")
  func contract() throws {
    let configuration = try parse(
      """
      listen: 0.0.0.0:8443
      publicListen: "[::]:8080"
      names: [orchestrator.example.org, 10.0.0.1]
      publicURL: http://orchestrator.example.org:8080/
      ledger: {sqlite: ledger.db}
      admission:
        tokens: true
        passwords: {file: passwords}
        approval: {names: ["*"], expiresAfter: 24h}
        partners: [{org: ORG2, trust: /pki/org2-ca.crt, dns: [.org2.example]}]
        renewal: {late: 30d}
      policy:
        - {names: ["*.agents.example"], orgs: [ORG1], keys: [p256, rsa4096], profiles: [node], longest: 90d}
      limits: {perIdentity: 10/m, perAddress: unlimited}
      administrators: [{name: "ops-*", org: ORG1, role: operator}]
      """,
      files: ["etc/passwords": "# agents\n\nagent-1:\(Self.hash)\n", "/pki/org2-ca.crt": try Self.authority.get()])
    #expect(configuration.listen == ListenAddress(host: "0.0.0.0", port: 8443))
    #expect(configuration.publicListen == ListenAddress(host: "::", port: 8080))
    #expect(configuration.names.map(\.text) == ["orchestrator.example.org", "10.0.0.1"])
    #expect(configuration.publicURL == "http://orchestrator.example.org:8080")
    #expect(configuration.ledger == .sqlite(path: "/home/ledger.db"))
    #expect(
      configuration.admission.tokens
        && configuration.admission.passwords?.hashes.mapValues(\.phc) == ["agent-1": Self.hash])
    #expect(configuration.admission.approval?.expiresAfter == .seconds(86_400))
    #expect(configuration.admission.partners.map(\.organization) == ["ORG2"])
    #expect(configuration.admission.partners.first?.trust.count == 1)
    #expect(configuration.admission.renewal.late == .seconds(30 * 86_400))
    #expect(configuration.policy.rules.map(\.label) == ["1 (etc/orchestrator.yaml:13)"])
    #expect(configuration.limits == RateLimits(perIdentity: .init(count: 10, per: .seconds(60)), perAddress: nil))
    #expect(configuration.administrators.map(\.role) == [.operator])
  }

  @Test("what is left out has the defaults of the reference, and the policy of the desk")
  func defaults() throws {
    let policy = IssuancePolicy(rules: [PolicyRule(label: "desk", longest: .seconds(60))])
    let file = OrchestratorConfigurationFile(
      path: "o.yaml", home: "h", inherited: .init(policy: policy, issuing: .init(profile: .client))
    ) { _ in [] }
    let configuration = try file.parse(Array("names: []\n".utf8))
    #expect(configuration.policy == policy && configuration.issuing.profile == .client)
    #expect(configuration.ledger == .sqlite(path: "h/ledger.db") && configuration.publicListen == nil)
    #expect(configuration.admission == AdmissionRules() && !configuration.admission.tokens)
    #expect(configuration.limits.perIdentity == .init(count: 10, per: .seconds(60)))
    #expect(try file.parse(Array("admission: {approval: {}}\n".utf8)).admission.approval?.names == [NamePattern("*")])
  }

  @Test(
    "each mistake is named with its line and column",
    arguments: [
      ("", "it is empty"),
      ("lisen: a:1", "1:1: unknown key \"lisen\""),
      (
        "listen: 8443",
        "1:9: \"8443\" is not a valid address: addresses are written 0.0.0.0:8443, [::]:8443 or host:8443"
      ),
      ("listen: '::1:8443'", "1:9: \"::1:8443\" is not a valid address"),
      ("listen: a:65536", "1:9: \"a:65536\" is not a valid address"),
      ("listen: a:1\npublicListen: a:1", "2:15: publicListen is the address of listen"),
      ("names: [a b]", "1:9: \"a b\" is not a valid host"),
      ("publicURL: https://a", "1:12: \"https://a\" is not a valid URL: it begins with http://"),
      ("publicURL: http://a/?b", "1:12: \"http://a/?b\" is not a valid URL: only a host, a port and a path"),
      ("publicURL: http://a:0", "1:12: \"http://a:0\" is not a valid URL: its host"),
      ("ledger: {}", "1:9: a ledger is given in one of two ways"),
      ("ledger: {sqlite: a, pool: 3}", "1:27: pool is for PostgreSQL"),
      ("ledger: {postgres: \"mysql://a\"}", "1:20: this is not the URL of a PostgreSQL database"),
      ("ledger: {postgres: \"postgres://u:SECRET@h/d\"}", "1:20: the URL holds a password"),
      ("ledger: {postgres: \"postgres://h/d?password=SECRET\"}", "1:20: the URL holds a password"),
      ("admission: {passwords: {}}", "1:24: the key \"file\" is missing"),
      ("admission: {passwords: {file: gone}}", "1:31: etc/gone can't be read"),
      ("admission: {approval: {names: []}}", "1:31: approval names nobody"),
      ("admission: {renewal: {late: soon}}", "1:29: \"soon\" is not a valid duration"),
      ("admission: {partners: [{org: A, trust: ca, dns: []}]}", "1:49: the partner may have no names"),
      ("admission: {partners: [{org: A, trust: ca, dns: ['*.a.b']}]}", "1:50: \"*.a.b\" is not a valid DNS name"),
      ("admission: {partners: [{org: A, trust: ca, dns: [.a, .]}]}", "1:54: \".\" is not a valid DNS name"),
      ("policy: []", "1:9: policy has no rules"),
      ("limits: {perAddress: 10/w}", "1:22: \"10/w\" is not a valid rate"),
      ("limits: {perAddress: 0/m}", "1:22: \"0/m\" is not a valid rate"),
      ("administrators: [{name: a, role: boss}]", "1:34: unknown value \"boss\""),
      ("administrators: [{name: a}]", "1:18: the key \"role\" is missing"),
      ("server: {connections: 0}", "1:23: 0 is not within 1 to 1000000"),
      ("log: {level: loud}", "1:14: unknown value \"loud\""),
      ("listen: [", "not YAML"),
    ])
  func mistakes(yaml: String, message: String) {
    let refusal = refusal(yaml)
    #expect(refusal.hasPrefix("etc/orchestrator.yaml") && refusal.contains(message), "\(refusal)")
    #expect(!refusal.contains("SECRET"))
  }

  @Test("a file of passwords is refused by its line, and no hash is shown")
  func passwords() {
    let yaml = "admission: {passwords: {file: p}}"
    for (text, message) in [
      ("agent-1", "etc/p:1:1: this line has no name and hash"),
      (":\(Self.hash)", "etc/p:1:1: the name can't be a common name"),
      ("a:\(Self.hash)\nb:plainSECRET", "etc/p:2:3: what follows the name is no hash of scrypt"),
      ("a:$scrypt$ln=x,r=8,p=1$SECRET$SECRET", "etc/p:1:3: what follows"),
      ("a:\(Self.hash)\n\na:\(Self.hash)", "etc/p:3:1: a second password for the same name"),
    ] {
      let refusal = refusal(yaml, files: ["etc/p": text])
      #expect(refusal.hasPrefix(message) && !refusal.contains("SECRET") && !refusal.contains("scrypt$ln"), "\(refusal)")
    }
  }

  @Test("a partner is known by CA certificates only, and once")
  func partners() throws {
    let authority = try Self.authority.get()
    let one = "{org: A, trust: ca, dns: [.a.example]}"
    #expect(refusal("admission: {partners: [\(one)]}", files: ["etc/ca": authority]) == "accepted")
    #expect(
      refusal("admission: {partners: [\(one), \(one)]}", files: ["etc/ca": authority]).contains("is a partner already"))
    #expect(refusal("admission: {partners: [\(one)]}", files: ["etc/ca": "none"]).hasPrefix("etc/ca: "))
    let folder = try TemporaryDirectory()
    try Tool.require(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=node",
        "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key", "-out", "crt",
      ], in: folder.url)
    let leaf = try String(contentsOf: folder.file("crt"), encoding: .utf8)
    #expect(
      refusal("admission: {partners: [\(one)]}", files: ["etc/ca": leaf]).hasPrefix(
        "etc/ca:1:1: this certificate is no authority's"))
  }

  @Test("all mistakes are told at once")
  func several() {
    do {
      _ = try parse("lisen: a:1\nlimits: {perAddress: x}\n")
      Issue.record("it was accepted")
    } catch {
      #expect(error.all.count == 2)
      #expect(error.hint?.hasPrefix("did you mean \"listen\"? (1 more: etc/orchestrator.yaml:2:22: ") == true)
    }
  }
}
