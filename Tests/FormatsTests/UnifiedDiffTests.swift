import Formats
import Foundation
import PKITestKit
import Testing

@Suite("Unified diffs")
struct UnifiedDiffTests {
  private func diff(_ old: String, _ new: String, context: Int = 3) -> [String] {
    UnifiedDiff.lines(old: old, new: new, oldName: "a", newName: "b", context: context, redacting: nil)
  }

  @Test("a change stands among its neighbours, as diff shows it")
  func form() {
    let old = (1...12).map { "line \($0)\n" }.joined()
    #expect(
      diff(old, old.replacing("line 6\n", with: "line six\nmore\n"), context: 1) == [
        "--- a", "+++ b", "@@ -5,3 +5,4 @@", " line 5", "-line 6", "+line six", "+more", " line 7",
      ])
    #expect(diff(old, old) == [])
    #expect(diff("", "x\n") == ["--- a", "+++ b", "@@ -0,0 +1 @@", "+x"])
    #expect(diff("x\n", "") == ["--- a", "+++ b", "@@ -1 +0,0 @@", "-x"])
    #expect(
      diff("x", "x\n") == ["--- a", "+++ b", "@@ -1 +1 @@", "-x", "\\ No newline at end of file", "+x"])
    #expect(diff("\u{e9}\n", "e\u{301}\n").count == 5)
    #expect(diff("a\r\n", "a\n").count == 5)
  }

  /// Texts with repeated lines, so that alignments are ambiguous.
  private func text(_ random: inout SeededGenerator, _ count: Int) -> [String] {
    (0..<count).map { _ in "l\(Int.random(in: 0...(count / 2 + 1), using: &random))" }
  }

  @Test("patch makes the new text of the old one and the diff")
  func patch() throws {
    let folder = try TemporaryDirectory()
    var random = SeededGenerator(seed: 7)
    for number in 0..<120 {
      let old = text(&random, Int.random(in: 0...40, using: &random))
      var new = old
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let index = Int.random(in: 0...new.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: new.insert("new \(number)", at: index)
        case 1 where index < new.count: new.remove(at: index)
        case 2 where index < new.count: new[index] = "changed"
        default: new.insert(contentsOf: text(&random, 4), at: index)
        }
      }
      let ends = ["", "\n"].shuffled(using: &random)
      let (one, other) = (old.joined(separator: "\n") + ends[0], new.joined(separator: "\n") + ends[1])
      let lines = diff(one, other, context: Int.random(in: 0...4, using: &random))
      try folder.write("\(number).old", one)
      try folder.write("\(number).new", other)
      guard !lines.isEmpty else { continue }
      try folder.write("\(number).diff", lines.map { $0 + "\n" }.joined())
    }
    let script = """
      for d in *.diff; do
        n=${d%.diff}
        patch --binary -s -u -o $n.out $n.old $d && cmp $n.out $n.new || { echo $n; cat $d; exit 1; }
      done
      """
    try Tool.require("bash", ["-c", script], in: folder.url)
  }

  @Test("large texts are compared with bounded work")
  func large() {
    var random = SeededGenerator(seed: 3)
    let old = (0..<60_000).map { "line \($0)" }
    var new = old
    for _ in 0..<500 { new[Int.random(in: 0..<new.count, using: &random)] = "changed" }
    let few = diff(old.joined(separator: "\n"), new.joined(separator: "\n"), context: 0)
    #expect(few.count { $0 == "+changed" } == new.count { $0 == "changed" })
    let line = "{" + String(repeating: "\"key\": 1, ", count: 100_000) + "\"token\": \"hunter2\"}"
    let shown = UnifiedDiff.lines(old: "", new: line, oldName: "a", newName: "b").joined()
    #expect(shown.contains("\"token\": [redacted]") && !shown.contains("hunter2"))
    // Nothing in common, and nothing but what occurs often.
    let left = String(repeating: "x\ny\n", count: 30_000)
    let right = String(repeating: "y\nz\nx\n", count: 20_000)
    #expect(diff(left, right).count > 60_000)
  }

  @Test("private keys are never shown, in whatever form they stand")
  func privateKeys() throws {
    let key = try Material.leaf(.rsa2048).keyPEM
    let certificate = try Material.leaf(.rsa2048).certificatePEM
    let other = try Material.leaf(.p256).keyPEM
    func indented(_ text: String, _ count: Int = 4) -> String {
      text.split(separator: "\n").map { String(repeating: " ", count: count) + $0 + "\n" }.joined()
    }
    let base64 = Data((certificate + key).utf8).base64EncodedString()
    let wrapped = Data((certificate + key).utf8).base64EncodedString(options: [
      .lineLength76Characters, .endLineWithLineFeed,
    ])
    let forms = [
      "cert: |\n\(indented(certificate))key: |\n\(indented(key))end: 1\n",
      "key: \"\(key.replacing("\n", with: "\\n"))\" # c\n",
      "key: '\(indented(key).drop { $0 == " " })'\n",
      "a: 1\ndata:\n  tls.pem: \(base64)\n", "data:\n  tls.pem: |\n\(indented(wrapped))x: 1\n", "- \(base64)\n",
      "tls.pem: \(wrapped.replacing("\n", with: "\n    "))\n", base64, wrapped,
      key, key.replacing("\n", with: "\r\n"), "\(key.dropLast(30))", key.dropLast() + other,
      "\"key\": \"\(key.replacing("\n", with: "\\n"))\"}", certificate.dropLast() + key,
    ]
    let body = key.split(separator: "\n").dropFirst().dropLast()
    // Whatever piece of the key is looked for, in PEM and in its base64.
    let secret = body.flatMap { [String($0.prefix(20)), String($0.suffix(20))] }
    let inner = Array(key.utf8).dropFirst(40).dropLast(40)
    let encoded = (0..<3).map { shift in
      String(Data(inner.dropFirst(shift)).base64EncodedString().prefix(60).suffix(40))
    }
    for form in forms {
      for (old, new) in [(form, ""), ("", form), ("x: 1\n" + form, "y: 1\n" + form)] {
        let lines = UnifiedDiff.lines(old: old, new: new, oldName: "a", newName: "b")
        let shown = lines.joined(separator: "\n")
        for piece in secret + encoded { #expect(!shown.contains(piece), "\(form.prefix(200))") }
        #expect(lines.contains { $0.contains("[redacted]") } || old.hasPrefix("x"))
      }
    }
    let shown = UnifiedDiff.lines(old: "", new: "c: |\n\(indented(certificate))", oldName: "a", newName: "b")
    #expect(!shown.contains { $0.contains("[redacted]") })
  }

  @Test("values of keys that are named as secret are not shown; names of Secrets are")
  func named() {
    func shown(_ text: String) -> [String] {
      UnifiedDiff.lines(old: "", new: text, oldName: "a", newName: "b").dropFirst(3).map { String($0.dropFirst()) }
    }
    for text in [
      "Token: hunter2\n", "  brokerPassword = \"hunter2\"\n", "{\"a\": 1, \"secret\": \"hunter2\", \"b\": 2}\n",
      "MY_PASSWORD=hunter2\n", "client-key-data: hunter2\n", "a: {token: hunter2}\n", "- password: hunter2 # c\n",
      "licenseKey: hunter2\n", "'token': hunter2\n", "\"token\" : hunter2\n", "x: 1 # password: hunter2\n",
      "password:\n  hunter2\n", "password: |\n  x\n\n  hunter2\nb: 1\n", "tokens:\n- a\n- hunter2\n",
      "token: >-\n    hunter2\n",
      "password = \"\"\"\nhunter2\n\"\"\"\nb = 1\n", "  - token: \"a\n      hunter2\"\n",
      "passphrase: !!str hunter2\r\n",
    ] {
      #expect(!shown(text).joined().contains("hunter2"), "\(text)")
      #expect(shown(text).joined().contains("[redacted]"), "\(text)")
    }
    for text in [
      "existingSecret: agent-mtls", "secretName: pair", "tokenFile: /run/token", "passwordFile: pw", "key: p256",
      "keyPair:",
      "secrets:", "pair: orchestrator-tls-server-pair", "ServerKey: /etc/bacalhau/server.key", "# no secret here",
      "token:",
      "notoken: 1",
    ] { #expect(shown(text + "\n") == [text]) }
    #expect(shown("a:\n  token: t\n  b: 1\n") == ["a:", "  token: [redacted]", "  b: 1"])
  }
}
