import Credentials
import Formats
import Systems
import Testing

@Suite("the declaration of Connectware")
struct ConnectwareDeclarationTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func error(_ body: () throws -> Void) -> FleetError? {
    do {
      try body()
      return nil
    } catch {
      return error as? FleetError
    }
  }

  @Test("agents are named by a text, or by a mapping that says more")
  func names() throws {
    let system = try bench.connectware(
      "names: [a.b, {name: c, existingSecret: mtls-keypair-2, roles: [writer]}, {name: d, csr: d.csr}]")
    #expect(system.release.agents.map(\.name) == ["a.b", "c", "d"])
    #expect(system.release.agents[1].existingSecret == "mtls-keypair-2")
    #expect(system.release.agents[1].roles == ["writer"])
    let nodes = try system.nodes(InputFiles())
    #expect(nodes.map(\.identity.commonName) == ["a.b", "c", "d"])
    #expect(nodes.allSatisfy { $0.profile == .client && $0.key == .p256 })
    guard case .request(let file) = nodes[2].source else {
      Issue.record("not a request: \(nodes[2].source)")
      return
    }
    #expect(file.path == "d.csr")
  }

  @Test("a mapping that names an agent is held to its keys, with line and column")
  func misspelt() {
    let error = error { _ = try bench.connectware("names: [{name: c, exisitngSecret: x}]") }
    #expect(error?.message == "unknown key \"exisitngSecret\"")
    #expect(error?.hint == "did you mean \"existingSecret\"?")
    #expect(error?.place == .init(line: 6, column: 21))
    #expect(self.error { _ = try bench.connectware("names: [[a]]") }?.message.contains("text or a mapping") == true)
  }

  @Test("names of objects: chart and release, once where they are the same, and hyphens for dots")
  func objectNames() {
    let same = AgentObjectNames(chart: "connectware-agent", release: "connectware-agent")
    #expect(same.statefulSet("bender-robots") == "connectware-agent-bender-robots")
    #expect(same.secret(ofStatefulSet: same.statefulSet("a.b")) == "connectware-agent-a-b-mtls")
    #expect(same.configMap == "connectware-agent-mtls-ca-cert")
    let other = AgentObjectNames(chart: "connectware-agent", release: "plant-7")
    #expect(other.statefulSet("x") == "connectware-agent-plant-7-x")
    #expect(other.configMap == "connectware-agent-plant-7-mtls-ca-cert")
  }

  @Test("names that would share an object are refused, and both are named")
  func collisions() {
    let dots = error { _ = try bench.connectware("names: [a.b, a-b]") }
    #expect(
      dots?.message
        == "the agents \"a.b\" (line 6) and \"a-b\" would share the StatefulSet connectware-agent-a-b")
    #expect(error { _ = try bench.connectware("names: [a, a]") }?.message.contains("stands twice") == true)
    let secrets = error {
      _ = try bench.connectware("names: [{name: a, existingSecret: s}, {name: b, existingSecret: s}]")
    }
    #expect(secrets?.message.contains("would share the Secret s") == true)
    let folder = error { _ = try bench.connectware("names: [agents]") }
    #expect(folder?.message.contains("the output has a folder of that name") == true)
  }

  @Test(
    "names that fit no object are refused",
    arguments: ["Bender", "bender_robots", "a b", "-a", String(repeating: "a", count: 46)])
  func unfit(name: String) {
    let error = error { _ = try bench.connectware("names: [\"\(name)\"]") }
    if name == "-a" {
      // Below the release's name, it is a name.
      #expect(error == nil)
    } else {
      #expect(error?.message.contains("no StatefulSet can be named") == true)
      #expect(error?.place?.line == 6)
    }
  }

  @Test("common names over the limit of certificates are refused")
  func longCommonName() {
    let error = error {
      _ = try bench.connectware("chart: c", "release: c\nnames: [\(String(repeating: "a", count: 65))]")
    }
    #expect(error?.message.contains("longer than 64 characters") == true)
  }

  @Test("what Helm and Docker don't share is refused for the other")
  func modes() {
    func message(_ installation: String) -> String? {
      error { _ = try bench.connectware(installation: installation) }?.message
    }
    #expect(message("mode: docker") == "the key \"env\" is missing")
    #expect(message("mode: docker, values: v.yaml, env: .env") == "values are Helm's")
    #expect(message("env: .env") == "env is Docker's")
    #expect(message("customCA: {chain: ca-chain.pem}")?.contains("\"bundle\" is missing") == true)
    #expect(
      message("customCA: {bundle: b, serverCert: s}") == "serverCert and serverKey belong together")
    #expect(message("mode: docker, env: .env") == nil)
  }

  @Test("one values file for both releases is refused")
  func sharedValues() {
    let error = error {
      _ = try bench.connectware("names: [a]", installation: "values: values.yaml", "values: values.yaml")
    }
    #expect(error?.message.contains("the same values file") == true)
  }

  @Test("the key kind of the fleet's defaults is taken")
  func keyKind() throws {
    let tree = try #require(
      try YAMLTree.document(
        Array("connectware: {namespace: c}\nagents: {namespace: c, connectwareHost: h, names: [a]}".utf8)))
    var defaults = FleetDefaults()
    defaults.key = .rsa4096
    let system = try Connectware(Declaration(tree), defaults: defaults)
    #expect(try system.nodes(InputFiles()).map(\.key) == [.rsa4096])
  }
}
