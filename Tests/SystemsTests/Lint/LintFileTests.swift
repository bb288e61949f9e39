import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

@Suite("lint: recognition")
struct LintFileTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  private func kind(_ path: String, _ text: String) -> String {
    switch LintFile(path: path, bytes: Array(text.utf8)).content {
    case .yaml: "yaml"
    case .toml: "toml"
    case .pem: "pem"
    case .other: "other"
    }
  }

  @Test("a file is read by its name's ending, and by trying where that says nothing")
  func kinds() throws {
    let pem = try bench.certificate
    let values = LintBench.block("cert", pem)
    #expect(kind("a.yaml", "a: 1\n") == "yaml" && kind("d.x/values", values) == "yaml")
    #expect(kind("a.json", "{\"kind\": \"Secret\"}") == "yaml" && kind("a.yml", "a: [\n") == "other")
    #expect(kind("a.toml", "a = 1\n") == "toml")
    #expect(
      kind("a.crt", pem) == "pem" && kind("a", "Bag Attributes\n\(pem)") == "pem" && kind("a.key", "x") == "other")
    #expect(kind("a.txt", "just text\n") == "other" && kind("README.md", "a: 1\n") == "other")
    #expect(LintFile(path: "a.pem", bytes: Array((pem + (try bench.root)).utf8)).certificates.count == 2)
  }

  @Test("Secrets and ConfigMaps are found by name, in whichever file")
  func objects() throws {
    let files = [
      LintFile(path: "a.yaml", bytes: Array(LintBench.secret([("ca.crt", try bench.root)], named: "one").utf8)),
      LintFile(path: "b.yaml", bytes: Array("kind: ConfigMap\nmetadata: {name: two}\ndata: {k: v}\n".utf8)),
    ]
    let context = LintContext(files: files, now: bench.workbench.now)
    #expect(
      context.object(named: "one")?.certificates("ca.crt").map(\.subject) == [
        bench.workbench.issuer.certificate.subject
      ])
    #expect(context.object(named: "one")?.type == "kubernetes.io/tls")
    #expect(
      context.object(named: "two")?.kind == .configMap && context.object(named: "two")?.data["k"] == Array("v".utf8))
    #expect(context.object(named: "three") == nil && context.file("b.yaml")?.objects.count == 1)
  }

  @Test("aliases that repeat a large Secret cost no more than it does once")
  func aliases() throws {
    let big = String(repeating: "QUFB", count: 200_000)
    let items = String(repeating: "- *s\n", count: 20_000)
    let text = "kind: List\nitems:\n- &s {kind: Secret, metadata: {name: a}, data: {a: \(big)}}\n" + items
    #expect(LintFile(path: "a.yaml", bytes: Array(text.utf8)).objects.count == 1)
    let entries = (0..<20_000).map { "k\($0): *b" }.joined(separator: ", ")
    let wide = "x: &b \(big)\nkind: Secret\nmetadata: {name: a}\ndata: {\(entries)}\n"
    let read = try #require(LintFile(path: "a.yaml", bytes: Array(wide.utf8)).objects.first)
    #expect(read.data.count == 20_000 && read.data.values.count { !$0.isEmpty } == 5)
  }
}

@Suite("lint: damaged files")
struct LintMutationTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  private func lint(_ path: String, _ bytes: [UInt8]) -> [Finding] {
    let context = LintContext(files: [LintFile(path: path, bytes: bytes)], now: bench.workbench.now)
    return FleetLint.ordered(FleetLint.findings(in: context))
  }

  @Test(
    "no mutation of a manifest, of values or of TOML makes any rule trap, and each finding has its line in the file")
  func mutations() throws {
    var random = SeededGenerator(state: 20)
    let seeds = [
      "s.yaml": LintBench.secret([
        ("ca.crt", try bench.root), ("tls.crt", try bench.certificate), ("tls.key", try bench.key),
      ]),
      "v.yaml": "agents:\n  - mTLS:\n      keyPair:\n" + LintBench.block("cert", try bench.certificate, at: 8)
        + LintBench.block("key", try bench.key, at: 8) + "orchestrator: {tls: {mtls: {clientCACerts: {a: [b]}}}}\n",
      "p.pem": try bench.certificate + bench.key,
      "c.toml": "[router.upstream.tls]\nminimumProtocolVersion = \"TLS1_2\"\nciphers = \"A,B\" # x\n",
    ]
    var findings = 0
    for (path, text) in seeds.sorted(by: { $0.key < $1.key }) {
      for _ in 0..<150 {
        let bytes = mutated(Array(text.utf8), using: &random)
        // A parser may miss something behind the last line.
        let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 2
        for finding in lint(path, bytes) {
          findings += 1
          #expect((1...lines).contains(finding.line ?? 1), "\(finding)")
        }
      }
    }
    #expect(findings > 100)
  }

  private func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: bytes.indices, using: &random)
      let end = min(bytes.count, index + Int.random(in: 0...40, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(index..<end)
      case 2: bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: bytes.indices, using: &random))
      case 3:
        bytes.insert(
          contentsOf: ["- ", "&a ", "*a", ": |\n", "\t", "[", "---\n", "\""].randomElement(using: &random).map {
            Array($0.utf8)
          } ?? [], at: index)
      default: bytes.removeSubrange(index...)
      }
    }
    return bytes
  }
}

/// Always the same numbers.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
