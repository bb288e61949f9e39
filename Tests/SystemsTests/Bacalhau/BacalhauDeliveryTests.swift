import Credentials
import Formats
import Foundation
import SwiftASN1
import Systems
import Testing
import X509

@Suite("what Bacalhau's machines get")
struct BacalhauDeliveryTests {
  private var bench: BacalhauWorkbench

  init() throws { bench = try BacalhauWorkbench() }

  @Test("a folder holds what travels to its machine, and no more")
  func folders() throws {
    let delivery = try bench.deliver()
    let expected: [[String]] = [
      ["orchestrator", "ca.crt", "server.crt", "server.key", "orchestrator.yaml"],
      ["compute-1", "ca.crt", "compute-1.yaml"], ["compute-2", "ca.crt", "compute-2.yaml"],
    ]
    #expect(delivery.folders.map { [$0.name] + $0.artefacts.map(\.path) } == expected)
    let secrets = delivery.folders.flatMap { folder in
      folder.artefacts.filter(\.isSecret).map { "\(folder.name)/\($0.path)" }
    }
    #expect(
      secrets == [
        "orchestrator/server.key", "orchestrator/orchestrator.yaml", "compute-1/compute-1.yaml",
        "compute-2/compute-2.yaml",
      ])
    #expect(delivery["orchestrator", "server.key"]?.carries == ["orchestrator"])
    #expect(delivery["orchestrator", "orchestrator.yaml"]?.role == .merged(into: "conf/orchestrator.yaml"))
  }

  @Test("the CA's key is in no folder, and the orchestrator's in its own alone")
  func keys() throws {
    let delivery = try bench.deliver()
    let withKey = delivery.folders.flatMap { folder in
      folder.artefacts.filter { $0.text.contains("PRIVATE KEY") }.map { "\(folder.name)/\($0.path)" }
    }
    #expect(withKey == ["orchestrator/server.key"])
    let key = try KeyCoding.decode(
      #require(delivery["orchestrator", "server.key"]).bytes, passphrase: nil, legacy: nil)
    let leaf = try Certificate(pemEncoded: #require(delivery["orchestrator", "server.crt"]).text)
    #expect(key.publicKey == leaf.publicKey)
    #expect(key.publicKey != bench.workbench.issuer.certificate.publicKey)
  }

  @Test("the orchestrator restarts first")
  func restarts() throws {
    let restarts = try bench.deliver().restarts
    #expect(
      restarts.map(\.workload) == [
        .process("Bacalhau on orchestrator"), .process("Bacalhau on compute-1"), .process("Bacalhau on compute-2"),
      ])
    #expect(restarts[1].because == ["compute-1/ca.crt", "compute-1/compute-1.yaml"])
    #expect(restarts[0].because.contains("orchestrator/server.key"))
    #expect(Set(restarts.map(\.command)) == ["systemctl restart bacalhau"])
  }

  @Test("the commands can be pasted: modes, owner, quotes, and the check of what is served")
  func commands() throws {
    let delivery = try bench.deliver()
    #expect(
      delivery.folders[0].steps.flatMap(\.commands) == [
        "install -d -m 0700 /etc/bacalhau", "install -m 0644 ca.crt /etc/bacalhau/ca.crt",
        "install -m 0600 server.crt /etc/bacalhau/server.crt", "install -m 0600 server.key /etc/bacalhau/server.key",
        "install -m 0600 orchestrator.yaml /etc/bacalhau/orchestrator.yaml", "systemctl restart bacalhau",
        "countersign check my-bacalhau-orchestrator-node:4222 --starttls nats --trust ca.crt",
        "countersign check 10.0.5.16:4222 --starttls nats --trust ca.crt",
        "countersign check 127.0.0.1:4222 --starttls nats --trust ca.crt",
      ])
    #expect(
      delivery.folders[2].steps.flatMap(\.commands) == [
        "install -d -m 0700 -o bacalhau '/opt/my bacalhau/'",
        "install -m 0644 -o bacalhau ca.crt '/opt/my bacalhau/ca.crt'",
        "install -m 0600 -o bacalhau compute-2.yaml '/opt/my bacalhau/compute-2.yaml'",
        "countersign check my-bacalhau-orchestrator-node:4222 --starttls nats --trust ca.crt",
        "systemctl restart bacalhau",
      ])
  }

  @Test("the same supply makes the same bytes")
  func determinism() throws {
    let supply = try bench.supply()
    let first = try bench.deliver(supply).folders.map { $0.artefacts.map(\.bytes) }
    #expect(try bench.deliver(supply).folders.map { $0.artefacts.map(\.bytes) } == first)
  }

  @Test("while the orchestrator's certificate is awaited, nothing is delivered that would cut nodes off")
  func awaited() throws {
    var supply = try bench.supply()
    supply.credentials = [:]
    let delivery = try bench.deliver(supply)
    #expect(delivery.folders.map { $0.artefacts.map(\.path) } == [["ca.crt"], ["ca.crt"], ["ca.crt"]])
    #expect(delivery.restarts.isEmpty && delivery.warnings.count == 1)
    supply.trust = []
    #expect(try bench.deliver(supply).folders.isEmpty)
  }

  @Test("a key that is kept elsewhere is not delivered, and the commands say where it goes")
  func foreignKey() throws {
    var bench = bench
    bench.declaration = bench.declaration.replacing("{config: conf", with: "{csr: o.csr, config: conf")
    var supply = try bench.supply()
    supply.credentials["orchestrator"]?.key = nil
    let folder = try #require(try bench.deliver(supply).folders.first)
    #expect(folder.artefacts.map(\.path) == ["ca.crt", "server.crt", "orchestrator.yaml"])
    #expect(folder.steps.first?.explanation.contains("as server.key") == true)
    #expect(folder.steps.first?.commands.contains("install -m 0600 server.key /etc/bacalhau/server.key") == true)
  }

  @Test("a certificate that lacks what a node dials is a problem before it is delivered")
  func problems() throws {
    let system = try bench.system()
    var supply = try bench.supply()
    let node = try #require(try system.checkedNodes(supply.files).first)
    let good = try #require(supply.credentials["orchestrator"])
    #expect(system.problems(of: good, for: node, supply: supply).isEmpty)
    supply.files = InputFiles([
      "conf/orchestrator.yaml": [], "compute-1.yaml": Array("Compute: {Orchestrators: [nats://10.0.0.1]}".utf8),
      "compute-2.yaml": [],
    ])
    #expect(system.problems(of: good, for: node, supply: supply).map(\.what.description.count).count == 1)
    #expect(system.problems(of: good, for: node, supply: supply).first?.code == "san-lacks-host")
  }

  @Test("a machine without a configuration gets a small one")
  func freshConfiguration() throws {
    var bench = bench
    bench.declaration = """
      kind: bacalhau
      orchestrator: {hosts: ["2001:db8::1"]}
      computes: [{name: compute-1}]
      """
    let delivery = try bench.deliver()
    let orchestrator = try #require(delivery["orchestrator", "config.yaml"])
    #expect(orchestrator.role == .file)
    #expect(
      orchestrator.text == """
        Orchestrator:
          Enabled: true
          Auth:
            Token: token-of-the-workbench-0123456789
          TLS:
            ServerCert: /etc/bacalhau/server.crt
            ServerKey: /etc/bacalhau/server.key
            CACert: /etc/bacalhau/ca.crt

        """)
    #expect(
      delivery["compute-1", "config.yaml"]?.text == """
        Compute:
          Enabled: true
          Orchestrators:
            - "nats://[2001:db8::1]:4222"
          Auth:
            Token: token-of-the-workbench-0123456789
          TLS:
            CACert: /etc/bacalhau/ca.crt

        """)
  }
}
