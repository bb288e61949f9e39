import Credentials
import Formats
import Foundation
import Systems
import Testing

/// The four full examples of the vendor's documentation: from a declaration to values that the chart reads as those.
@Suite("the documentation's examples")
struct ConnectwareExamplesTests {
  struct Example: CustomTestStringConvertible, Sendable {
    var name: String
    /// Beside the names.
    var declaration: String
    var names = "[bender-robots, welder-robots]"
    /// As the documentation has it, with `keyPair` spelt right; PEM in square brackets.
    var values: String

    var testDescription: String { name }
  }

  private static let start = """
    licenseKey: <your-connectware-license-key>
    protocolMapperAgentDefaults:
      connectwareHost: connectware.cybus
      mTLS:
        enabled: true

    """

  static let examples = [
    Example(
      name: "default-names", declaration: "",
      values: start + """
        protocolMapperAgents:
          - name: bender-robots
          - name: welder-robots

        """),
    Example(
      name: "custom-names", declaration: "existingConfigMap: my-ca-cert",
      names:
        "[{name: bender-robots, existingSecret: mtls-keypair-1}, {name: welder-robots, existingSecret: mtls-keypair-2}]",
      values: start + """
            caChain:
              existingConfigMap: my-ca-cert
        protocolMapperAgents:
          - name: bender-robots
            mTLS:
              keyPair:
                existingSecret: mtls-keypair-1
          - name: welder-robots
            mTLS:
              keyPair:
                existingSecret: mtls-keypair-2

        """),
    Example(
      name: "inline-key-pairs", declaration: "keyPair: inline",
      values: start + """
        protocolMapperAgents:
          - name: bender-robots
            mTLS:
              keyPair:
                cert: |
                  [bender-robots/tls.crt]
                key: |
                  [bender-robots/tls.key]
          - name: welder-robots
            mTLS:
              keyPair:
                cert: |
                  [welder-robots/tls.crt]
                key: |
                  [welder-robots/tls.key]

        """),
    Example(
      name: "inline-both", declaration: "keyPair: inline\ncaChain: inline",
      values: start + """
            caChain:
              cert: |
                [bender-robots/ca-chain.pem]
        protocolMapperAgents:
          - name: bender-robots
            mTLS:
              keyPair:
                cert: |
                  [bender-robots/tls.crt]
                key: |
                  [bender-robots/tls.key]
          - name: welder-robots
            mTLS:
              keyPair:
                cert: |
                  [welder-robots/tls.crt]
                key: |
                  [welder-robots/tls.key]

        """),
  ]

  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func deliver(_ example: Example) throws -> Delivery {
    let system = try bench.connectware(
      "names: \(example.names)", "values: values.yaml\n\(example.declaration)")
    return try bench.deliver(
      system, files: ["values.yaml": "licenseKey: <your-connectware-license-key>\n"])
  }

  @Test("the merged values mean what the example means", arguments: examples)
  func meaning(example: Example) throws {
    let delivery = try deliver(example)
    let ours = try #require(delivery["agents", "values.yaml"]).text
    #expect(
      try EffectiveValues(ours, ownNames: false) == EffectiveValues(filled(example.values, delivery), ownNames: true))
  }

  @Test("the merged values as text; RECORD=1 writes them anew", arguments: examples)
  func text(example: Example) throws {
    let text = try #require(try deliver(example)["agents", "values.yaml"]).text.withoutPEM
    let file = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../Vectors/connectware/\(example.name).yaml").standardizedFileURL
    if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: file) }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  @Test("keypair, as the documentation's second example spells it, is found")
  func misspelt() throws {
    let values = Self.examples[1].values.replacing("keyPair", with: "keypair")
    let bytes = Array(values.utf8)
    let file = LintFile(
      path: "values.yaml", bytes: bytes, content: .yaml(try YAMLTree.documents(bytes)))
    let findings = Connectware.lint(LintContext(files: [file], now: bench.now), declared: nil)
    #expect(findings.map(\.code) == ["connectware-misspelt-key", "connectware-misspelt-key"])
    #expect(findings.map(\.line) == [11, 15])
  }

  @Test("the example fleet file is merged into its files, and the outcome has no finding")
  func fleetFile() throws {
    let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Examples/connectware")
    func read(_ name: String) throws -> String {
      try String(contentsOf: folder.appendingPathComponent(name).standardizedFileURL, encoding: .utf8)
    }
    let fleet = try Fleet(Array(try read("fleet.yaml").utf8), path: "fleet.yaml")
    let system = try #require(fleet.members.first?.system as? Connectware)
    let names = system.inputs.map(\.path)
    let files = Dictionary(uniqueKeysWithValues: try names.map { ($0, try read($0)) })
    let delivery = try bench.deliver(system, files: files)
    let merged = try #require(delivery["agents", "values.yaml"]).text
    #expect(merged.hasPrefix("# The agents of plant 7.\n"))
    #expect(merged.contains("  - name: bender-robots # hall 1\n"))
    #expect(try delivery["connectware", "cybus_ca.crt"]?.text.hasSuffix(bench.issuer.certificate.pem) == true)
    let yaml = try delivery.folders.flatMap(\.artefacts).filter { $0.path.hasSuffix(".yaml") }.map { artefact in
      LintFile(
        path: artefact.path, bytes: artefact.bytes, content: .yaml(try YAMLTree.documents(artefact.bytes)))
    }
    #expect(Connectware.lint(LintContext(files: yaml, now: bench.now), declared: system).isEmpty)
  }

  /// Puts the delivered files in the place of their names in square brackets.
  private func filled(_ values: String, _ delivery: Delivery) throws -> String {
    var text = ""
    for line in values.split(separator: "\n") {
      let indentation = line.prefix { $0 == " " }
      let name = line.drop { $0 == " " }.drop { $0 == "[" }.prefix { $0 != "]" }
      let parts = name.split(separator: "/").map(String.init)
      guard line.hasSuffix("]"), parts.count == 2 else {
        text += "\(line)\n"
        continue
      }
      let pem = try #require(delivery[parts[0], parts[1]]).text
      for pemLine in pem.split(separator: "\n") { text += "\(indentation)\(pemLine)\n" }
    }
    return text
  }
}

/// What the chart makes of values: the defaults filled in for each agent, and the names that it takes by itself.
private struct EffectiveValues: Equatable {
  struct Agent: Equatable {
    var name: String
    var host: String?
    var isEnabled: Bool
    var keyPair: [String?]
    var caChain: [String?]
  }

  var licenseKey: String?
  var agents: [Agent]

  /// - Parameter ownNames: whether the chart's own names stand for names that are left out.
  init(_ text: String, ownNames: Bool) throws {
    let root = try #require(try YAMLTree.document(Array(text.utf8)))
    licenseKey = root["licenseKey"]?.text
    let defaults = root["protocolMapperAgentDefaults"]
    agents = try #require(root["protocolMapperAgents"]?.items).map { agent in
      func value(_ path: String...) -> YAMLTree? {
        path.reduce(agent) { $0?[$1] } ?? path.reduce(defaults) { $0?[$1] }
      }
      let name = try #require(agent["name"]?.text)
      let pair = agent["mTLS"]?["keyPair"]
      let inline = pair?["cert"]?.text
      return Agent(
        name: name, host: value("connectwareHost")?.text, isEnabled: value("mTLS", "enabled")?.flag == true,
        keyPair: [
          pair?["existingSecret"]?.text ?? (ownNames && inline == nil ? "connectware-agent-\(name)-mtls" : nil),
          inline, pair?["key"]?.text,
        ],
        caChain: [
          value("mTLS", "caChain", "existingConfigMap")?.text
            ?? (ownNames && value("mTLS", "caChain", "cert") == nil ? "connectware-agent-mtls-ca-cert" : nil),
          value("mTLS", "caChain", "cert")?.text,
        ])
    }
  }
}
