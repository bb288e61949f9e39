import Formats
import Foundation
import Systems
import Testing

@Suite("the values of the agents")
struct AgentValuesTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// Merges a system's values into a file, and gives the outcome with keys and certificates left out.
  private func merged(_ values: String, _ agents: String, _ more: String = "") throws -> (String, Delivery) {
    let system = try bench.connectware(agents, installation: "", "values: values.yaml\n\(more)")
    let delivery = try bench.deliver(system, files: ["values.yaml": values])
    return (try #require(delivery["agents", "values.yaml"]).text.withoutPEM, delivery)
  }

  @Test("comments, order and unknown keys stay, and only what is needed is added")
  func merging() throws {
    let (text, delivery) = try merged(
      """
      # our plant
      licenseKey: abc # keep secret
      protocolMapperAgents:
        # the first one
        - name: 'bender-robots'
          resources: {limits: {memory: 1Gi}}

        - name: welder-robots
      image: {tag: "1.2"}
      """, "names: [bender-robots, welder-robots, new]")
    #expect(
      text == """
        # our plant
        licenseKey: abc # keep secret
        protocolMapperAgents:
          # the first one
          - name: 'bender-robots'
            resources: {limits: {memory: 1Gi}}
            mTLS:
              keyPair:
                existingSecret: connectware-agent-bender-robots-mtls

          - name: welder-robots
            mTLS:
              keyPair:
                existingSecret: connectware-agent-welder-robots-mtls
          - name: new
            mTLS:
              keyPair:
                existingSecret: connectware-agent-new-mtls
        image: {tag: "1.2"}
        protocolMapperAgentDefaults:
          connectwareHost: connectware.cybus
          mTLS:
            enabled: true
            caChain:
              existingConfigMap: connectware-agent-mtls-ca-cert
        """)
    #expect(delivery["agents", "values.yaml"]?.role == .merged(into: "values.yaml"))
    #expect(delivery["agents", "values.yaml"]?.isSecret == false)
    #expect(try merged(text, "names: [bender-robots, welder-robots, new]").0 == text)
  }

  @Test("a single agent has its CA chain itself, and so have agents beside undeclared ones")
  func unshared() throws {
    let (one, _) = try merged("protocolMapperAgents:\n  - name: a\n", "names: [a]")
    #expect(
      one == """
        protocolMapperAgents:
          - name: a
            mTLS:
              enabled: true
              caChain:
                existingConfigMap: connectware-agent-mtls-ca-cert
              keyPair:
                existingSecret: connectware-agent-a-mtls
        protocolMapperAgentDefaults:
          connectwareHost: connectware.cybus

        """)
    let (beside, delivery) = try merged(
      "protocolMapperAgents:\n  - name: a\n  - name: b\n  - name: with-password\n", "names: [a, b]")
    #expect(beside.contains("connectwareHost: connectware.cybus"))
    #expect(beside.components(separatedBy: "enabled: true").count == 3)
    #expect(!beside.contains("protocolMapperAgentDefaults:\n  connectwareHost: connectware.cybus\n  mTLS"))
    #expect(beside.contains("  - name: with-password\n"))
    #expect(delivery.warnings.contains { $0.hasSuffix("not switched on for them: with-password") })
  }

  @Test("where an agent says otherwise than the defaults, it is told the same")
  func overriding() throws {
    let (text, _) = try merged(
      """
      protocolMapperAgents:
        - name: a
          mTLS:
            enabled: false
            caChain:
              cert: old
        - name: b

      """, "names: [a, b]")
    #expect(
      text.hasPrefix(
        """
        protocolMapperAgents:
          - name: a
            mTLS:
              enabled: true
              caChain:
                existingConfigMap: connectware-agent-mtls-ca-cert
              keyPair:
                existingSecret: connectware-agent-a-mtls
          - name: b
            mTLS:
              keyPair:
                existingSecret: connectware-agent-b-mtls

        """))
  }

  @Test("switching between Secret and inline removes the keys of the other")
  func switching() throws {
    let start = "protocolMapperAgents:\n  - name: a\n  - name: b # second\n"
    let (secret, _) = try merged(start, "names: [a, b]")
    let system = try bench.connectware("names: [a, b]", "values: values.yaml\nkeyPair: inline\ncaChain: inline")
    let inline = try bench.deliver(system, files: ["values.yaml": secret])
    let text = try #require(inline["agents", "values.yaml"]).text
    #expect(!text.contains("existing"))
    #expect(text.components(separatedBy: "BEGIN PRIVATE KEY").count == 3)
    #expect(inline["agents", "values.yaml"]?.isSecret == true)
    #expect(inline["agents", "values.yaml"]?.carries == ["a", "b"])
    #expect(inline.warnings.contains { $0.contains("holds private keys as plain text") })
    let (back, _) = try merged(text, "names: [a, b]")
    #expect(back == secret)
  }

  @Test("a misspelt key stays, and is told")
  func misspelt() throws {
    let (text, delivery) = try merged(
      "protocolMapperAgents:\n  - name: a\n    mTLS:\n      keypair:\n        existingSecret: x\n", "names: [a]")
    #expect(text.contains("      keypair:\n        existingSecret: x\n"))
    #expect(
      delivery.warnings.contains {
        $0.hasPrefix("values.yaml, line 4: protocolMapperAgents[0].mTLS.keypair has no effect")
      })
  }

  @Test(
    "a values file that can't be merged is refused with its name and line",
    arguments: [
      ("protocolMapperAgents: {a: 1}\n", "values.yaml: line 1"),
      ("protocolMapperAgents:\n  - name: a\n  - name: a\n", "values.yaml: line 3: a second agent is named \"a\""),
      ("protocolMapperAgents: [\n", "values.yaml: "), ("a: 1\n---\nb: 2\n", "values.yaml: line "),
      ("x: &x {mTLS: {}}\nprotocolMapperAgents:\n  - name: a\n    mTLS: *y\n", "values.yaml: "),
    ])
  func unmergeable(values: String, message: String) throws {
    let error = #expect(throws: FleetError.self) { _ = try merged(values, "names: [a]") }
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
  }

  @Test("without a values file, a new one says nothing but what is needed")
  func fresh() throws {
    let delivery = try bench.deliver(try bench.connectware())
    let artefact = try #require(delivery["agents", "values.yaml"])
    #expect(artefact.role == .file)
    #expect(
      artefact.text == """
        protocolMapperAgentDefaults:
          connectwareHost: connectware.cybus
          mTLS:
            enabled: true
            caChain:
              existingConfigMap: connectware-agent-mtls-ca-cert
        protocolMapperAgents:
          - name: bender-robots
            mTLS:
              keyPair:
                existingSecret: connectware-agent-bender-robots-mtls
          - name: welder-robots
            mTLS:
              keyPair:
                existingSecret: connectware-agent-welder-robots-mtls

        """)
    #expect(delivery.commands("agents").contains { $0.contains(" --reuse-values -f values.yaml") })
  }

  @Test("a variable of .env is set once, and every other byte stays")
  func environment() throws {
    func set(_ text: String) throws -> String {
      var environment = try #require(DockerEnvironment(Array(text.utf8)))
      environment.set("X", to: "yes")
      #expect(environment["X"] == "yes")
      let once = environment.text
      environment.set("X", to: "yes")
      #expect(environment.text == once)
      return once
    }
    #expect(try set("") == "X=yes\n")
    #expect(try set("A=1") == "A=1\nX=yes\n")
    #expect(try set("# X=no\r\nX=no\r\nB=2\r\n") == "# X=no\r\nX=yes\r\nB=2\r\n")
    #expect(try set("export X = \"no\"\n") == "export X =yes\n")
    #expect(try set("X='yes' # on\nXY=1\n") == "X='yes' # on\nXY=1\n")
    #expect(DockerEnvironment([0xff]) == nil)
  }
}

extension String {
  /// With the base64 of PEM left out, which differs each time.
  var withoutPEM: String {
    var isInside = false
    var lines: [Substring] = []
    for line in split(separator: "\n" as Character, omittingEmptySubsequences: false) {
      if line.contains("-----END") { isInside = false }
      if !isInside { lines.append(line) }
      if line.contains("-----BEGIN") { isInside = true }
    }
    return lines.joined(separator: "\n")
  }
}
