import Formats
import Foundation
import PKITestKit
import Systems
import Testing

@Suite("lint: files of any system")
struct FileLintTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  @Test("sound files give no finding")
  func sound() throws {
    let values =
      "# agents\nagents:\n  - name: node\n    mTLS:\n      keyPair:\n"
      + LintBench.block("cert", try bench.certificate, at: 8) + LintBench.block("key", try bench.key, at: 8)
      + "      caChain:\n" + LintBench.block("cert", try bench.root, at: 8)
    let manifest =
      LintBench.secret([("ca.crt", try bench.root), ("tls.crt", try bench.certificate), ("tls.key", try bench.key)])
      + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ca\ndata:\n"
      + LintBench.block("ca-chain.pem", try bench.root, at: 2)
    let other = try bench.another()
    #expect(
      bench.lint([
        "values.yaml": values, "secret.yaml": manifest, "tls.crt": try bench.certificate, "tls.key": try bench.key,
        "ca.crt": try bench.root, "other.key": try #require(try other.keyPEM()), "README.md": "# Steps\n",
        "config.toml": "[router]\nport = 1\n", "plain.yaml": "a: {b: [1, 2]}\n", "empty.yaml": "",
        "note.txt": "hello\n",
        ".env": "USE_MTLS=yes\n",
      ]) == [])
  }

  @Test("a certificate is reported once it is within the warning, at its line", arguments: [(19, 1), (21, 0)])
  func expiring(days: Int, count: Int) throws {
    let short = try bench.another(lifetime: .seconds(20 * 86_400))
    let found = bench.lint(
      ["a.crt": try bench.root + short.chainPEM()], warning: .seconds(Int64(40 - days) * 86_400))
    let lines = try bench.root.split(separator: "\n").count
    #expect(found.count { $0.code == "expires-soon" && $0.line == lines + 1 } == count)
  }

  @Test("an expired certificate is reported with its path in the values")
  func expired() throws {
    let short = try bench.another(lifetime: .seconds(60))
    let files = [
      LintFile(path: "v.yaml", bytes: Array(("a:\n" + LintBench.block("cert", try short.chainPEM(), at: 2)).utf8))
    ]
    let later = bench.workbench.now.addingTimeInterval(3600)
    let found = FileLint.findings(in: LintContext(files: files, now: later))
    #expect(found.map(\.code) == ["expired"])
    #expect(found.first?.line == 3)
    #expect(found.first?.what.hasPrefix("a.cert: expired at ") == true)
  }

  @Test("what openssl signs without extensions is reported")
  func version1() throws {
    let folder = try TemporaryDirectory()
    let subject = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k"]
    try Tool.require("openssl", ["req", "-x509", "-subj", "/CN=ca", "-out", "ca"] + subject, in: folder.url)
    try Tool.require("openssl", ["req", "-subj", "/CN=n", "-out", "csr"] + subject, in: folder.url)
    try Tool.require(
      "openssl", ["req", "-x509", "-subj", "/CN=ca", "-key", "k", "-out", "ca"], in: folder.url)
    try Tool.openssl(
      "x509", "-req", "-in", "csr", "-CA", "ca", "-CAkey", "k", "-CAcreateserial", "-out", "v1", in: folder.url)
    try Data("keyUsage=critical,digitalSignature\n".utf8).write(to: folder.file("ext"))
    try Tool.openssl(
      "x509", "-req", "-in", "csr", "-CA", "ca", "-CAkey", "k", "-CAcreateserial", "-out", "v3", "-extfile", "ext",
      in: folder.url)
    func text(_ name: String) throws -> String { try String(contentsOf: folder.file(name), encoding: .utf8) }
    let secret = LintBench.secret([("x", try text("v1"))], named: "one", type: "Opaque")
    let later = Date(timeIntervalSinceNow: 60)
    func codes(_ name: String, _ text: String) -> Set<String> {
      let file = LintFile(path: name, bytes: Array(text.utf8))
      return Set(FileLint.findings(in: LintContext(files: [file], now: later, warning: .zero)).map(\.code))
    }
    #expect(codes("s.yaml", secret) == ["version-1"])
    #expect(codes("v3.crt", try text("v3")) == ["no-subject-alternative-name", "no-authority-key-identifier"])
  }

  @Test("fused and damaged PEM in a file is reported at its line")
  func damaged() throws {
    let fused = try String(bench.root.dropLast()) + bench.certificate
    let line = try bench.root.split(separator: "\n").count
    #expect(bench.places(["bundle.pem": fused]).contains("bundle.pem:\(line) pem-fused-lines"))
    #expect(
      bench.places(["a.crt": try bench.certificate.replacing("MII", with: "M*I")]) == ["a.crt:2 pem-bad-base64"])
    #expect(bench.places(["a.key": "no key\n"]) == ["a.key:0 not-pem"])
  }

  @Test("a chain that begins with its authority is reported, in a Secret at the value's line")
  func chainOrder() throws {
    let (intermediate, leaf, key) = try bench.intermediate()
    let secret = LintBench.secret([("tls.crt", intermediate + leaf), ("tls.key", key)])
    #expect(bench.places(["s.yaml": secret]) == ["s.yaml:7 chain-out-of-order"])
    #expect(bench.places(["s.yaml": LintBench.secret([("tls.crt", leaf + intermediate), ("tls.key", key)])]) == [])
  }

  @Test("findings are ordered by file and line, each once")
  func order() throws {
    let problem = Problem("x", what: "a", why: "b", fix: "c")
    let found = FleetLint.ordered([
      Finding(problem, file: "b", line: 1), Finding(problem, file: "a", line: 3), Finding(problem, file: "a"),
      Finding(problem, .warning, file: "a", line: 3),
    ])
    #expect(found.map { "\($0.file) \($0.line ?? 0)" } == ["a 0", "a 3", "b 1"])
  }

  @Test("an error of a fleet file keeps its line and its column")
  func fleetErrors() throws {
    do throws(FleetErrors) {
      _ = try Fleet(Array("systems:\n  - kind: nothing\nauthorty: {}\n".utf8), path: "f.yaml")
      Issue.record("it was read")
    } catch {
      let found = error.all.map { FleetLint.finding($0, in: "f.yaml") }
      #expect(found.map(\.line) == [2, 3])
      #expect(found.last?.what == "unknown key \"authorty\" (column 1)")
      #expect(found.last?.fix == "did you mean \"authority\"?")
    }
  }
}
