import Credentials
import Systems
import Testing

@Suite("lint: YAML")
struct YAMLLintTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  @Test("PEM at the margin, which ends the YAML, is named with its line")
  func misplaced() throws {
    let found = bench.lint(["v.yaml": "a:\n  b: 1\n  cert: |\n\(try bench.certificate)c: 1\n"])
    #expect(found.map(\.code) == ["pem-breaks-yaml"])
    #expect(found.first?.line == 4)
    #expect(found.first?.what.contains("the PEM block at line 4") == true)
  }

  @Test("one line of PEM that left its indentation is named")
  func partlyMisplaced() throws {
    var lines = LintBench.block("cert", try bench.certificate, at: 2).split(separator: "\n").map(String.init)
    lines[3] = String(lines[3].drop { $0 == " " })
    #expect(
      bench.places(["v.yaml": "a:\n" + lines.joined(separator: "\n") + "\n"]) == ["v.yaml:5 pem-breaks-yaml"])
  }

  @Test("PEM without `|`, and PEM that is indented unevenly, is reported in valid YAML")
  func folded() throws {
    let block = LintBench.block("cert", try bench.certificate)
    #expect(bench.places(["v.yaml": block.replacing(": |", with: ":")]).contains("v.yaml:2 pem-fused-lines"))
    #expect(bench.places(["v.yaml": block.replacing("  MII", with: "    MII")]) == ["v.yaml:3 pem-indentation"])
  }

  @Test("YAML that doesn't parse is reported with line and column; a chart's template is not")
  func invalid() {
    let found = bench.lint(["a.yml": "a: b\n c: d\n"])
    #expect(found.map(\.code) == ["invalid-yaml"])
    #expect(found.first?.line == 2)
    #expect(found.first?.what.hasPrefix("it is not YAML: line 2, column 3: ") == true)
    #expect(bench.places(["templates/a.yaml": "{{- if .Values.x }}\na: b\n c: {{ d }}\n"]) == [])
    #expect(bench.places(["a.yaml": "{{- if .Values.x }}\na: b\n c: {{ d }}\n"]) == ["a.yaml:1 invalid-yaml"])
  }

  @Test("a key that isn't the certificate's is reported: in a Secret, in values, in two files of one name")
  func keyMismatch() throws {
    let other = try #require(try bench.another().keyPEM())
    let secret = LintBench.secret([("tls.crt", try bench.certificate), ("tls.key", other)])
    #expect(bench.places(["s.yaml": secret]) == ["s.yaml:8 key-does-not-match"])
    let cert = LintBench.block("cert", try bench.certificate, at: 2)
    let line = cert.split(separator: "\n").count + 3
    let values = "keyPair:\n" + cert + LintBench.block("key", other, at: 2)
    #expect(bench.places(["v.yaml": values]) == ["v.yaml:\(line) key-does-not-match"])
    #expect(
      bench.places(["d/a.crt": try bench.certificate, "d/a.key": other]) == ["d/a.key:1 key-does-not-match"])
    #expect(bench.places(["d/a.crt": try bench.certificate, "e/a.key": other, "d/b.key": other]) == [])
  }

  @Test("a key is not held against the authorities beside it, but against an authority's certificate if it is its key")
  func authorityKeys() throws {
    let alone = [("ca.crt", try bench.root), ("tls.key", try bench.key)]
    #expect(bench.places(["s.yaml": LintBench.secret(alone, type: "Opaque")]) == [])
    let pair = [("ca.crt", try bench.root), ("ca.key", try bench.key)]
    #expect(bench.lint(["s.yaml": LintBench.secret(pair, type: "Opaque")]).map(\.code).contains("key-does-not-match"))
  }

  @Test("each Secret of a list or of several documents is judged by itself, at its own lines")
  func severalSecrets() throws {
    let good = LintBench.secret([("tls.crt", try bench.certificate), ("tls.key", try bench.key)], named: "one")
    let other = try bench.another()
    let bad = LintBench.secret(
      [("tls.crt", try bench.certificate), ("tls.key", try #require(try other.keyPEM()))], named: "two")
    #expect(bench.places(["s.yaml": good + "---\n" + bad]) == ["s.yaml:17 key-does-not-match"])
    let items = [good, bad].map { secret in
      "  -" + secret.split(separator: "\n").map { "    \($0)\n" }.joined().dropFirst(3)
    }
    #expect(
      bench.places(["s.yaml": "kind: List\nitems:\n" + items.joined()]) == ["s.yaml:18 key-does-not-match"])
  }

  @Test("a Secret without its halves, and what isn't base64, is reported")
  func incomplete() throws {
    #expect(
      bench.places(["s.yaml": LintBench.secret([("tls.crt", try bench.certificate)])]) == ["s.yaml:1 secret-incomplete"]
    )
    let broken = "kind: Secret\nmetadata: {name: a}\ndata:\n  ca.crt: '!'\n  b: YQ==\n"
    #expect(bench.places(["s.yaml": broken]) == ["s.yaml:4 not-base64"])
    #expect(bench.places(["c.yaml": broken.replacing("Secret", with: "ConfigMap")]) == [])
    let twice = LintBench.secret([("tls.crt", LintBench.secret([])), ("tls.key", try bench.key)])
    #expect(bench.places(["s.yaml": twice]) == ["s.yaml:7 not-pem"])
  }

  @Test("what stringData says wins, and its PEM is reported at the line of the file")
  func stringData() throws {
    let text = try bench.certificate.replacing("MII", with: "M*I")
    let secret =
      "kind: Secret\nmetadata: {name: a}\ndata: {ca.crt: AAAA}\nstringData:\n" + LintBench.block("ca.crt", text, at: 2)
    #expect(bench.places(["s.yaml": secret]) == ["s.yaml:7 pem-bad-base64"])
  }
}

@Suite("lint: Secrets and ConfigMaps as the API server takes them")
struct ObjectLintTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  @Test(
    "names and keys that are refused are reported at their lines",
    arguments: [
      ("metadata:\n  name: Upper\n", ["o.yaml:3 object-name"]),
      ("metadata:\n  name: a\n  namespace: a.b\n", ["o.yaml:3 object-name"]),
      ("metadata: {name: a}\ndata: {\"a b\": YQ==}\n", ["o.yaml:3 object-key"]),
      ("metadata: {name: a}\ndata: {..: YQ==}\n", ["o.yaml:3 object-key"]),
      ("metadata: {name: a}\ndata: {a: [YQ==]}\n", ["o.yaml:3 object-value"]),
      (
        "metadata: {name: a}\nstringData: {a: 5, b: '5', c: yes, d: 1.5, e: null}\n",
        Array(repeating: "o.yaml:3 object-value", count: 3)
      ),
      ("metadata: {name: a.b-c, namespace: n}\ndata: {A_b.c-1: YQ==}\n", []),
      ("metadata: {generateName: a-}\n", []),
    ])
  func names(text: String, expected: [String]) {
    #expect(bench.places(["o.yaml": "kind: Secret\n" + text]) == expected)
  }

  @Test("a name of 254 characters, a key of 254 and more than 1 MiB are reported")
  func limits() {
    func object(_ name: Int, _ key: Int, _ size: Int) -> String {
      let letters = { String(repeating: "a", count: $0) }
      return "kind: ConfigMap\nmetadata: {name: \(letters(name))}\ndata: {\(letters(key)): \(letters(size))}\n"
    }
    #expect(bench.places(["o.yaml": object(253, 253, 1 << 20)]) == [])
    #expect(
      bench.places(["o.yaml": object(254, 254, 1 << 20 + 1)]) == [
        "o.yaml:1 object-too-large", "o.yaml:2 object-name", "o.yaml:3 object-key",
      ])
  }

  @Test("a private key in a ConfigMap is reported once, whatever its key is called")
  func privateKeyInConfigMap() throws {
    for name in ["ca.crt", "tls.key"] {
      let text = "kind: ConfigMap\nmetadata: {name: a}\ndata:\n" + LintBench.block(name, try bench.key, at: 2)
      #expect(bench.places(["c.yaml": text]) == ["c.yaml:5 private-key-in-config-map"])
    }
  }

  @Test("a private key in a bundle of authorities is reported")
  func privateKeyInBundle() throws {
    let both = try bench.root + bench.key
    let line = try bench.root.split(separator: "\n").count + 1
    #expect(bench.places(["ca.crt": both]).contains("ca.crt:\(line) private-key-in-trust-bundle"))
    #expect(
      bench.places(["s.yaml": LintBench.secret([("ca.crt", both)], type: "Opaque")]).contains(
        "s.yaml:7 private-key-in-trust-bundle"))
  }
}

@Suite("lint: bundles of authorities")
struct BundleLintTests {
  let bench: LintBench

  init() throws { bench = try LintBench() }

  @Test("a bundle whose first certificate isn't the issuer of what stands beside it is reported")
  func order() throws {
    let (intermediate, leaf, key) = try bench.intermediate()
    let wrong = try bench.root + intermediate
    let right = try intermediate + bench.root
    func folder(_ bundle: String) -> [String: String] { ["d/ca.crt": bundle, "d/node.crt": leaf, "d/node.key": key] }
    #expect(bench.places(folder(wrong)) == ["d/ca.crt:1 ca-bundle-order"])
    #expect(bench.places(folder(right)) == [])
    #expect(bench.places(["d/ca.crt": wrong, "e/node.crt": leaf]) == [])
    func secret(_ bundle: String) -> [String: String] {
      ["s.yaml": LintBench.secret([("ca.crt", bundle), ("tls.crt", leaf), ("tls.key", key)])]
    }
    #expect(bench.places(secret(wrong)) == ["s.yaml:7 ca-bundle-order"])
    #expect(bench.places(secret(right)) == [])
    func values(_ bundle: String) -> [String: String] {
      [
        "v.yaml": "mTLS:\n  caChain:\n" + LintBench.block("cert", bundle, at: 4) + "  keyPair:\n"
          + LintBench.block("cert", leaf, at: 4)
      ]
    }
    #expect(bench.places(values(wrong)) == ["v.yaml:4 ca-bundle-order"])
    #expect(bench.places(values(right)) == [])
  }

  @Test("a certificate of another authority than the one beside it is reported in a Secret and in values")
  func foreign() throws {
    let foreign = try Workbench(name: "Another CA").issuer.certificate
    let other = try NodeCredential(leaf: foreign, intermediates: [], key: nil, trust: []).chainPEM()
    func secret(_ root: String) throws -> [String: String] {
      [
        "s.yaml": LintBench.secret([
          ("ca.crt", root), ("tls.crt", try bench.certificate), ("tls.key", try bench.key),
        ])
      ]
    }
    #expect(try bench.places(secret(other)) == ["s.yaml:8 not-issued-by"])
    #expect(try bench.places(secret(other + bench.root)) == ["s.yaml:7 ca-bundle-order"])
    // Of several roots in a chain or a set, any may be first; of what is named as one authority, none.
    for (name, count) in [("ca.crt", 1), ("ca-chain.pem", 0), ("cybus_ca.crt", 0), ("ca-certificates.crt", 0)] {
      let found = bench.lint([name: try other + bench.root, "node.crt": try bench.certificate])
      #expect(found.count { $0.code == "ca-bundle-order" } == count && found.count == count, "\(name)")
    }
    let values = "tls:\n" + LintBench.block("ca", other, at: 2) + LintBench.block("cert", try bench.certificate, at: 2)
    #expect(bench.lint(["v.yaml": values]).map(\.code) == ["not-issued-by"])
    // In a folder, files needn't have to do with each other.
    #expect(bench.places(["ca.crt": other, "node.crt": try bench.certificate]) == [])
  }
}
