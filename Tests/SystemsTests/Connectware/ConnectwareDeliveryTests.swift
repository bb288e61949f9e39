import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import Testing
import X509

@Suite("what Connectware and its agents get")
struct ConnectwareDeliveryTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test("a folder for each agent, one for Connectware, one for the release")
  func folders() throws {
    let delivery = try bench.deliver(try bench.connectware())
    #expect(
      delivery.paths == [
        "connectware/cybus_ca.crt", "connectware/users.jsonl", "connectware/create-users.sh", "connectware/values.yaml",
        "bender-robots/tls.key", "bender-robots/tls.crt", "bender-robots/ca-chain.pem",
        "bender-robots/connectware-agent-bender-robots-mtls.yaml", "welder-robots/tls.key", "welder-robots/tls.crt",
        "welder-robots/ca-chain.pem", "welder-robots/connectware-agent-welder-robots-mtls.yaml",
        "agents/connectware-agent-mtls-ca-cert.yaml", "agents/values.yaml",
      ])
    let secrets = delivery.folders.flatMap { folder in
      folder.artefacts.filter(\.isSecret).map { "\(folder.name)/\($0.path)" }
    }
    #expect(
      secrets == [
        "bender-robots/tls.key", "bender-robots/connectware-agent-bender-robots-mtls.yaml", "welder-robots/tls.key",
        "welder-robots/connectware-agent-welder-robots-mtls.yaml",
      ])
    #expect(delivery["bender-robots", "tls.key"]?.carries == ["bender-robots"])
    #expect(delivery["connectware", "create-users.sh"]?.isExecutable == true)
  }

  @Test("no folder holds a key of another")
  func keys() throws {
    let system = try bench.connectware()
    let supply = try bench.supply(system)
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    for (name, credential) in supply.credentials {
      let key = try #require(try credential.keyPEM())
      // The first line is the same for all keys of a kind.
      let body = String(key.split(separator: "\n")[2])
      let holders = delivery.folders.filter { folder in
        folder.artefacts.contains { artefact in
          if case .object(let object) = artefact.role {
            return object.data.contains { String(decoding: $0.value, as: UTF8.self).contains(body) }
          }
          return artefact.text.contains(body)
        }
      }
      #expect(holders.map(\.name) == [name])
    }
  }

  @Test("Secret and ConfigMap are what kubectl makes of the same files")
  func kubectl() throws {
    let delivery = try bench.deliver(try bench.connectware())
    let directory = try TemporaryDirectory()
    try delivery.write(to: directory.url)
    let folder = directory.url.appending(path: "bender-robots")
    let secret = try Tool.require(
      "kubectl",
      [
        "-n", "cybus", "create", "secret", "tls", "connectware-agent-bender-robots-mtls", "--cert=tls.crt",
        "--key=tls.key", "--dry-run=client", "-o", "yaml",
      ], in: folder)
    let ours = try #require(delivery["bender-robots", "connectware-agent-bender-robots-mtls.yaml"])
    #expect(ours.text == secret.text)
    let map = try Tool.require(
      "kubectl",
      [
        "-n", "cybus", "create", "configmap", "connectware-agent-mtls-ca-cert", "--from-file", "ca-chain.pem",
        "--dry-run=client", "-o", "yaml",
      ], in: folder)
    #expect(delivery["agents", "connectware-agent-mtls-ca-cert.yaml"]?.text == map.text)
  }

  @Test("the commands name namespace, release, chart and version")
  func commands() throws {
    let system = try bench.connectware(
      installation: "release: cw, version: 1.5.0, values: cw.yaml",
      "release: plant\nversion: 2.0.1\nvalues: dir/my values.yaml")
    let delivery = try bench.deliver(system, files: ["cw.yaml": "a: 1\n", "dir/my values.yaml": ""])
    #expect(
      delivery.commands("connectware").suffix(1) == [
        "helm upgrade cw cybus/connectware -n cybus --version 1.5.0 -f cw.yaml"
      ])
    #expect(
      delivery.commands("bender-robots") == [
        "kubectl -n cybus apply -f connectware-agent-plant-bender-robots-mtls.yaml",
        "kubectl -n cybus rollout restart statefulset connectware-agent-plant-bender-robots",
        "kubectl -n cybus rollout status statefulset connectware-agent-plant-bender-robots",
      ])
    #expect(
      delivery.commands("agents") == [
        "kubectl -n cybus apply -f connectware-agent-plant-mtls-ca-cert.yaml",
        "helm upgrade plant cybus/connectware-agent -n cybus --version 2.0.1 -f 'my values.yaml'",
        "kubectl -n cybus rollout restart statefulset -l app.kubernetes.io/instance=plant",
      ])
    #expect(
      delivery["connectware", "cw.yaml"]?.text
        == "a: 1\nglobal:\n  authentication:\n    mTLS:\n      enabled: true\n")
  }

  @Test("an agent restarts for its own certificate, and for nothing else")
  func restarts() throws {
    let restarts = try bench.deliver(try bench.connectware()).restarts
    #expect(
      restarts.map(\.workload)
        == ["bender-robots", "welder-robots"].map {
          .statefulSet(name: "connectware-agent-\($0)", namespace: "cybus")
        })
    #expect(
      restarts.first?.because == ["bender-robots/tls.crt", "bender-robots/connectware-agent-bender-robots-mtls.yaml"])
  }

  @Test("names of StatefulSets are taken from the cluster, each for its own agent")
  func clusterNames() throws {
    let system = try bench.connectware("names: [robots, bender-robots, new]")
    var supply = try bench.supply(system)
    supply.statefulSets[system.release.installed] = ["agents-v2-bender-robots", "agents-v2-robots", "other"]
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(delivery["robots", "agents-v2-robots-mtls.yaml"] != nil)
    #expect(delivery["bender-robots", "agents-v2-bender-robots-mtls.yaml"] != nil)
    #expect(delivery["new", "connectware-agent-new-mtls.yaml"] != nil)
    let values = try #require(delivery["agents", "values.yaml"]).text
    #expect(values.contains("existingSecret: agents-v2-robots-mtls\n"))
    #expect(delivery.restarts.first?.command == "kubectl -n cybus rollout restart statefulset agents-v2-robots")
  }

  @Test("an agent whose key is elsewhere gets its certificate, and the command for its own key")
  func elsewhere() throws {
    let system = try bench.connectware("names: [a, {name: b, csr: b.csr}]", "keyPair: inline")
    var supply = try bench.supply(system)
    supply.credentials["b"]?.key = nil
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(delivery.paths.filter { $0.hasPrefix("b/") } == ["b/tls.crt", "b/ca-chain.pem"])
    #expect(
      delivery.commands("b").first
        == "kubectl -n cybus create secret tls connectware-agent-b-mtls --cert=tls.crt --key=tls.key")
    #expect(delivery["agents", "values.yaml"]?.text.contains("existingSecret: connectware-agent-b-mtls") == true)
    #expect(delivery.warnings.contains { $0.hasSuffix("stay in Secrets: b") })
  }

  @Test("an agent without a certificate yet is left out, and the rest delivered")
  func waiting() throws {
    let system = try bench.connectware()
    var supply = try bench.supply(system)
    supply.credentials["welder-robots"] = nil
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(delivery.folders.map(\.name) == ["connectware", "bender-robots", "agents"])
    #expect(delivery.warnings.contains { $0.hasSuffix("are there: welder-robots") })
    supply.credentials = [:]
    supply.trust = []
    let none = try system.deliver(supply, using: &random)
    #expect(none.paths.filter { !$0.hasPrefix("connectware/") } == ["agents/values.yaml"])
    #expect(none.warnings.contains { $0.contains("name its roots") })
  }

  @Test("the same supply gives the same bytes")
  func deterministic() throws {
    for more in ["", "keyPair: inline\ncaChain: inline"] {
      let system = try bench.connectware("names: [a, b]", more)
      let supply = try bench.supply(system)
      var random = SystemRandomNumberGenerator()
      let first = try system.deliver(supply, using: &random)
      let second = try system.deliver(supply, using: &random)
      #expect(first.paths == second.paths)
      #expect(
        first.folders.flatMap { $0.artefacts.map(\.bytes) } == second.folders.flatMap { $0.artefacts.map(\.bytes) })
    }
  }

  @Test("a partner's intermediate as the authority is refused")
  func partner() throws {
    let system = try bench.connectware()
    var supply = try bench.supply(system)
    supply.issuer = try bench.partner().certificate
    var random = SystemRandomNumberGenerator()
    let error = #expect(throws: FleetError.self) { try system.deliver(supply, using: &random) }
    #expect(error?.kind == .refused)
    #expect(error?.message.contains("the broker knows agents by their common name alone") == true)
  }

  @Test("switching mTLS on warns of port 8883, until it is on")
  func warning() throws {
    func warns(_ values: String) throws -> Bool {
      let system = try bench.connectware(installation: "values: cw.yaml")
      return try bench.deliver(system, files: ["cw.yaml": values]).warnings.contains { $0.contains("8883") }
    }
    #expect(try warns("global: {}\n"))
    #expect(try !warns("global: {authentication: {mTLS: {enabled: true}}}\n"))
  }

  @Test("in Docker, the variable is merged into .env, and commands are those of Compose")
  func docker() throws {
    let system = try bench.connectware(installation: "mode: docker, env: .env, authority: {cert: ca.crt, key: ca.key}")
    let delivery = try bench.deliver(system, files: [".env": "CYBUS_ADMIN=x\n"])
    let file = try #require(delivery["connectware", ".env"])
    #expect(file.text == "CYBUS_ADMIN=x\nCYBUS_BROKER_USE_MUTUAL_TLS=yes\n")
    #expect(file.role == .merged(into: ".env") && file.isSecret)
    #expect(
      delivery.commands("connectware").first
        == "docker compose cp auth-server:/connectware_certs/cybus_ca.crt cybus_ca.crt")
    #expect(delivery.commands("connectware").last == "docker compose up -d")
  }

  @Test("a long name warns, since some clusters make no pods for it")
  func longNames() throws {
    let name = String(repeating: "a", count: 40)
    #expect(
      try bench.deliver(try bench.connectware("names: [\(name)]")).warnings.contains { $0.contains("more than 52") })
  }

  @Test("a thousand agents are merged, switched to inline and back, and linted", arguments: [1000])
  func thousand(count: Int) throws {
    let names = (0..<count).map { "agent-\($0)" }
    func system(_ more: String) throws -> Connectware {
      try bench.connectware("names: [\(names.joined(separator: ", "))]", "values: values.yaml\n\(more)")
    }
    let credential = try bench.credential(named: "agent")
    var supply = Supply(now: bench.now)
    for name in names { supply.credentials[name] = credential }
    supply.trust = [bench.issuer.certificate]
    supply.statefulSets[try system("").release.installed] = names.map { "other-\($0)" }
    var random = SystemRandomNumberGenerator()
    func values(_ more: String, _ text: String) throws -> String {
      supply.files = InputFiles(["values.yaml": Array(text.utf8)])
      let delivery = try system(more).deliver(supply, using: &random)
      #expect(delivery.folders.count == count + 2)
      return try #require(delivery["agents", "values.yaml"]).text
    }
    let secret = try values("", "protocolMapperAgents:\n" + names.map { "  - name: \($0)\n" }.joined())
    #expect(secret.components(separatedBy: "existingSecret: other-agent-").count == count + 1)
    let inline = try values("keyPair: inline", secret)
    #expect(inline.components(separatedBy: "BEGIN PRIVATE KEY").count == count + 1)
    #expect(try values("", inline) == secret)
    let file = LintFile(
      path: "values.yaml", bytes: Array(inline.utf8), content: .yaml(try YAMLTree.documents(Array(inline.utf8))))
    let findings = Connectware.lint(LintContext(files: [file], now: bench.now), declared: try system(""))
    // All have one certificate here, which is none of theirs.
    #expect(Set(findings.map(\.code)) == ["connectware-common-name"] && findings.count == count)
  }
}
