import Credentials
import Formats
import Foundation
import Systems
import Testing

@Suite("the declaration of Bacalhau")
struct BacalhauDeclarationTests {
  private var bench: BacalhauWorkbench

  init() throws { bench = try BacalhauWorkbench() }

  private func error(_ declaration: String) -> FleetError? {
    var bench = bench
    bench.declaration = declaration
    return bench.error()
  }

  @Test("the certificate names what the fleet file and all nodes dial, and the machine itself")
  func names() throws {
    #expect(
      try bench.names() == [
        "DNS:my-bacalhau-orchestrator-node", "IP:10.0.5.16", "IP:127.0.0.1", "DNS:localhost",
      ])
  }

  @Test("the orchestrator's own addresses join them: where it listens, what it advertises, what it dials")
  func ownNames() throws {
    var bench = bench
    bench.files["conf/orchestrator.yaml"] = """
      orchestrator: {host: 10.0.0.9, advertise: "public.example:4222"}
      compute: {orchestrators: "nats://a.example, b.example:5222"}
      """
    #expect(
      try bench.names() == [
        "DNS:my-bacalhau-orchestrator-node", "IP:10.0.5.16", "DNS:a.example", "DNS:b.example", "IP:10.0.0.9",
        "DNS:public.example", "IP:127.0.0.1", "DNS:localhost",
      ])
  }

  @Test("listening everywhere is no name")
  func wildcardHost() throws {
    var bench = bench
    let before = try bench.names()
    for host in ["0.0.0.0", "'::'"] {
      bench.files["conf/orchestrator.yaml"] = "Orchestrator: {Host: \(host)}\n"
      #expect(try bench.names() == before)
    }
  }

  @Test("a host name too long for a common name is a name all the same")
  func longName() throws {
    let long = Array(repeating: "a-very-long-label", count: 5).joined(separator: ".")
    var bench = bench
    bench.declaration = bench.declaration.replacing("my-bacalhau-orchestrator-node", with: long)
    let node = try #require(try bench.system().checkedNodes(bench.supply().files).first)
    #expect(node.identity.commonName == "10.0.5.16")
    #expect(node.identity.names.map(\.text).contains(long))
  }

  @Test("the orchestrator's certificate serves and dials, unless it comes from elsewhere")
  func profile() throws {
    let node = try #require(try bench.system().checkedNodes(bench.supply().files).first)
    #expect(node.name == "orchestrator" && node.profile == .node && node.source == .issued)
    #expect(try bench.system().tokens.map(\.file?.path) == ["token"])
    #expect(
      try bench.system().inputs.map(\.path) == ["conf/orchestrator.yaml", "compute-1.yaml", "compute-2.yaml"])
  }

  @Test(
    "what the schema doesn't know is refused, with the nearest key",
    arguments: [
      ("orchestrator: {tokenfile: t}", "unknown key \"tokenfile\"", "did you mean \"tokenFile\"?"),
      ("orchestrator: {}\ncomputes: [{config: c.yaml}]", "the key \"name\" is missing", "The name of its folder."),
      ("orchestrator: {hosts: [a b]}", "\"a b\" is not a valid host: it is neither a DNS name nor an address", nil),
    ])
  func schema(yaml: String, problem: String, advice: String?) {
    let error = error("kind: bacalhau\n" + yaml)
    #expect(error?.problem == problem && error?.advice == advice && error?.place != nil)
  }

  @Test(
    "what can't be is refused, with its place",
    arguments: [
      ("orchestrator: {}\ncomputes: [{name: a}, {name: A}]", "two nodes are named \"A\"", 3),
      ("orchestrator: {}\ncomputes: [{name: orchestrator}]", "two nodes are named \"orchestrator\"", 3),
      ("orchestrator: {}\ncomputes: [{name: ../a}]", "\"../a\" can't be the name of a folder", 3),
      ("orchestrator: {installDir: etc}", "installDir \"etc\" is not an absolute path", 2),
      ("orchestrator: {config: a/server.key}", "a configuration file can't be named server.key", 2),
      (
        "orchestrator: {config: a.yaml}\ncomputes: [{name: a, config: a.yaml}]",
        "a.yaml is the orchestrator's configuration too", 3
      ),
      (
        "orchestrator: {}\ncomputes:\n  - {name: a, config: c.yaml}\n  - {name: b, config: c.yaml, installDir: /opt}",
        "c.yaml is to hold the paths of /etc/bacalhau and of /opt", 5
      ),
      ("orchestrator: {key: k}", "a key without its certificate", 2),
    ])
  func contradictions(yaml: String, problem: String, line: Int) {
    let error = error("kind: bacalhau\n" + yaml)
    #expect(error?.problem == problem)
    #expect(error?.place?.line == line)
  }

  @Test(
    "a configuration that Bacalhau couldn't read is refused, with its line",
    arguments: [
      ("Compute:\n  Orchestrators: [nats://my_node]\n", 2), ("- a\n", 1), ("a: [\n", 2), ("a: 1\n---\nb: 2\n", 3),
      ("Compute:\n  Auth: {}\ncompute:\n  TLS: {}\n", 3), ("Compute:\n  TLS:\n    RequireTLS: true\n", 3),
      ("Compute:\n  Orchestrators:\n  - nats://other-token@a\n", 3), ("Compute: &a\n  Auth: {}\nx: *a\n", 1),
      ("Compute: text\n", 1),
    ])
  func badConfiguration(text: String, line: Int) {
    var bench = bench
    bench.files["compute-2.yaml"] = text
    let error = bench.error()
    #expect(error?.path == "compute-2.yaml")
    #expect(error?.place?.line == line)
    #expect(error?.message.contains("other-token") == false)
  }

  @Test("a configuration that isn't there is named where the fleet file names it")
  func missingFile() {
    var bench = bench
    bench.files["compute-1.yaml"] = nil
    #expect(bench.error()?.problem == "there is no file compute-1.yaml" && bench.error()?.place?.line == 4)
  }

  @Test("a node that nobody tells where the orchestrator is, is refused")
  func nowhere() {
    let error = error("kind: bacalhau\norchestrator: {hosts: [localhost]}\ncomputes: [{name: a}]")
    #expect(error?.problem == "nothing says where a finds the orchestrator")
  }

  @Test("fleet file and configuration must agree on the proxy")
  func proxyContradiction() {
    var bench = bench
    bench.declaration = bench.declaration.replacing("tokenFile", with: "supportReverseProxy: false, tokenFile")
    bench.files["conf/orchestrator.yaml"] = "Orchestrator:\n  SupportReverseProxy: true\n"
    let error = bench.error()
    #expect(error?.path == "conf/orchestrator.yaml" && error?.place?.line == 2)
  }
}
