import Formats
import Foundation
import Testing

@Suite("PEM in values files")
struct ValuesFileTests {
  private let pem: String
  private let der: [UInt8]

  init() throws {
    pem = try Material.leaf(.p256).certificatePEM
    der = try Material.leaf(.p256).certificate
  }

  private func indented(_ count: Int) -> String {
    pem.split(separator: "\n").map { String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
  }

  @Test("each PEM is found with its path and line")
  func paths() throws {
    let yaml = """
      replicas: 1
      protocolMapperAgents:
        - name: bender
          mTLS:
            keyPair:
              cert: |
      \(indented(10))
      ca.crt: "\(pem.replacingOccurrences(of: "\n", with: "\\n"))"
      hook:
        caBundle: \(Data(pem.utf8).base64EncodedString())
      """
    let found = try ValuesFile.findings(in: Array(yaml.utf8))
    #expect(found.map(\.path) == ["protocolMapperAgents[0].mTLS.keyPair.cert", "[\"ca.crt\"]", "hook.caBundle"])
    #expect(found.first?.line == 6)
    #expect(found.map(\.isBase64) == [false, false, true])
    for finding in found {
      #expect(finding.blocks.map(\.der) == [der])
      #expect(finding.text == pem)
      #expect(finding.defects.isEmpty)
    }
  }

  @Test("folded, escaped and damaged PEM is told with the line of the file")
  func mangled() throws {
    let folded = try ValuesFile.findings(in: Array("cert: >\n\(indented(2))\n".utf8))
    #expect(folded.first?.defects.map(\.kind).contains(.fusedLines) == true)
    let escaped = try ValuesFile.findings(
      in: Array("a: 1\ncert: '\(pem.replacingOccurrences(of: "\n", with: "\\n"))'\n".utf8))
    #expect(escaped.first?.defects.contains(.init(line: 2, kind: .escapedNewlines)) == true)
    let stripped = try ValuesFile.findings(in: Array("cert: |-\n\(indented(2))\n".utf8))
    #expect(stripped.first?.defects.map(\.kind) == [.missingFinalNewline])
    var lines = indented(2).split(separator: "\n").map(String.init)
    lines[2] = "  M!" + lines[2].dropFirst(4)
    let damaged = try ValuesFile.findings(in: Array("x:\n cert: |\n\(lines.joined(separator: "\n"))\n".utf8))
    #expect(damaged.first?.defects == [.init(line: 5, kind: .badBase64)])
    var deeper = indented(2).split(separator: "\n").map(String.init)
    deeper[1] = "  " + deeper[1]
    let uneven = try ValuesFile.findings(in: Array("cert: |\n\(deeper.joined(separator: "\n"))\n".utf8))
    #expect(uneven.first?.defects == [.init(line: 3, kind: .indentation)])
  }

  @Test("PEM that left its indentation is the reason given for YAML that doesn't parse")
  func misplaced() throws {
    let error = formatError { _ = try ValuesFile.findings(in: Array("x:\n  cert: |\n\(pem)".utf8)) }
    #expect(error?.message.contains("the PEM block at line 3 is not indented deeper than its key") == true)
    var lines = indented(4).split(separator: "\n").map(String.init)
    lines[3] = String(lines[3].dropFirst(4))
    let partly = formatError {
      _ = try ValuesFile.findings(in: Array("x:\n  cert: |\n\(lines.joined(separator: "\n"))\n".utf8))
    }
    #expect(partly?.message.contains("line 6") == true)
    #expect(partly?.message.contains(String(lines[3].prefix(20))) == false)
  }

  @Test("aliases that multiply and deep nesting end in an error")
  func hostile() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(
      formatError { _ = try ValuesFile.findings(in: Array(bomb.utf8)) }?.message.contains("too many values") == true)
    let deep = String(repeating: "[", count: 50_000)
    #expect(formatError { _ = try ValuesFile.findings(in: Array(deep.utf8)) } != nil)
  }
}
