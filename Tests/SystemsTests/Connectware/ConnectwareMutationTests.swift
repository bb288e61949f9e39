import Credentials
import Formats
import Foundation
import Systems
import Testing

/// Files come from outside: whatever is in them, there is an answer or an error, and never a trap.
@Suite("damaged files of Connectware")
struct ConnectwareMutationTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      // SplitMix64.
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private static let pieces = [
    "mTLS:", "keyPair:", "- name: a", "name: a.b", "existingSecret:", "{", "}", "[", "]", "\n", "  ", "|", "&x ", "*x",
    "<<: ", "null", "---\n", "\"", "'", "\u{0}", "é", "#", ": ", "-----BEGIN CERTIFICATE-----", "protocolMapperAgents:",
  ]

  private func mutated(_ text: String, _ random: inout Seeded) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let start = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
      let piece = Bool.random(using: &random) ? Self.pieces.randomElement(using: &random) ?? "" : ""
      bytes.replaceSubrange(start..<end, with: Array(piece.utf8))
    }
    return bytes
  }

  @Test(
    "merging gives values that say what they must and keeps the rest, or an error", arguments: [1, 2, 3, 4] as [UInt64])
  func merging(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let bench = try Workbench()
    let values = """
      licenseKey: x # ours
      protocolMapperAgentDefaults: {connectwareHost: old, mTLS: {enabled: false}}
      protocolMapperAgents:
        - name: a
          mTLS:
            keyPair:
              cert: |
                text
              key: text
        - {name: b, mTLS: {caChain: {cert: x}}}
      """
    let system = try bench.connectware("names: [a, b]", "values: values.yaml")
    var supply = Supply(now: bench.now)
    let credential = try bench.credential(named: "a")
    for name in ["a", "b"] { supply.credentials[name] = credential }
    supply.trust = [bench.issuer.certificate]
    var merged = 0
    for _ in 0..<60 {
      let bytes = mutated(values, &random)
      supply.files = InputFiles(["values.yaml": bytes])
      let delivery: Delivery
      do throws(FleetError) { delivery = try system.deliver(supply, using: &random) } catch { continue }
      merged += 1
      let artefact = try #require(delivery["agents", "values.yaml"])
      let tree = try #require(try YAMLTree.document(artefact.bytes))
      #expect(tree.at("protocolMapperAgentDefaults", "connectwareHost")?.text == "connectware.cybus")
      for name in ["a", "b"] {
        let agent = tree["protocolMapperAgents"]?.items?.first { $0["name"]?.text == name }
        let pair = agent?.at("mTLS", "keyPair")
        #expect(pair?["existingSecret"]?.text == "connectware-agent-\(name)-mtls")
        #expect(pair?["cert"] == nil && pair?["key"] == nil)
      }
      supply.files = InputFiles(["values.yaml": artefact.bytes])
      #expect(try system.deliver(supply, using: &random)["agents", "values.yaml"]?.bytes == artefact.bytes)
    }
    #expect(merged > 5)
  }

  @Test("lint of any files ends with findings", arguments: [5, 6] as [UInt64])
  func lint(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let bench = try Workbench()
    let system = try bench.connectware("names: [a.b, c]", "keyPair: inline\ncaChain: inline")
    let delivery = try bench.deliver(system)
    let texts = delivery.folders.flatMap(\.artefacts).filter { $0.path.hasSuffix(".yaml") }.map(\.text)
    var read = 0
    for _ in 0..<60 {
      let files = texts.map { text in
        let bytes = mutated(text, &random)
        let documents = (try? YAMLTree.documents(bytes)) ?? []
        read += documents.count
        return LintFile(path: "f.yaml", bytes: bytes, content: .yaml(documents))
      }
      let findings = Connectware.lint(LintContext(files: files, now: bench.now), declared: system)
      #expect(findings.allSatisfy { !$0.what.isEmpty && !$0.fix.isEmpty })
    }
    #expect(read > 60)
  }
}
