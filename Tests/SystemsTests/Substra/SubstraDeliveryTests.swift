import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import Testing
import X509

@Suite("what a Substra fleet delivers")
struct SubstraDeliveryTests {
  private var fixture: SubstraFixture

  init() throws { fixture = try SubstraFixture() }

  private static let partner = "\n  - {org: MyOrg2MSP, csr: MyOrg2MSP.csr, host: backend.org-2.example.org}"

  @Test("each folder holds what travels there, and no other's key")
  func folders() throws {
    let delivery = try fixture.deliver()
    #expect(delivery.folders.map(\.name) == ["orchestrator", "MyOrg1MSP"])
    #expect(
      try delivery.folder("orchestrator").artefacts.map(\.path) == [
        "orchestrator-tls-server-pair.yaml", "orchestrator-tls.crt", "orchestrator-tls.key",
        "orchestrator-tls-cacert.yaml", "orchestrator-ca.crt", "orchestrator-values.yaml",
      ])
    #expect(
      try delivery.folder("MyOrg1MSP").artefacts.map(\.path) == [
        "orchestrator-client-cert.yaml", "MyOrg1MSP.crt", "MyOrg1MSP.key", "orchestrator-cacert.yaml",
        "orchestrator-ca.crt", "backend-values.yaml",
      ])
    let secrets = delivery.folders.flatMap(\.artefacts).filter(\.isSecret).map(\.path)
    #expect(
      Set(secrets) == [
        "orchestrator-tls-server-pair.yaml", "orchestrator-tls.key", "orchestrator-client-cert.yaml", "MyOrg1MSP.key",
        "orchestrator-values.yaml", "backend-values.yaml",
      ])
    #expect(delivery["orchestrator", "orchestrator-tls-server-pair.yaml"]?.carries == ["orchestrator"])
    #expect(delivery["MyOrg1MSP", "MyOrg1MSP.key"]?.carries == ["MyOrg1MSP"])
    #expect(delivery["MyOrg1MSP", "orchestrator-cacert.yaml"]?.carries == [])
    #expect(delivery.warnings.isEmpty)
  }

  @Test("Secrets equal what kubectl makes of the same files")
  func kubectl() throws {
    let delivery = try fixture.deliver()
    let directory = try TemporaryDirectory()
    try delivery.write(to: directory.url)
    func same(_ arguments: [String], as manifest: String, in folder: String) throws {
      let made = try Tool.require(
        "kubectl", ["create", "secret"] + arguments + ["--dry-run=client", "-o", "yaml"],
        in: directory.file(folder))
      let theirs = try #require(try KubernetesSecret.decode(Array(made.stdout)).first)
      let ours = try #require(try KubernetesSecret.decode(delivery.bytes(folder, manifest)).first)
      #expect(theirs == ours)
    }
    try same(
      [
        "tls", "orchestrator-tls-server-pair", "-n", "orchestrator", "--cert=orchestrator-tls.crt",
        "--key=orchestrator-tls.key",
      ], as: "orchestrator-tls-server-pair.yaml", in: "orchestrator")
    try same(
      ["tls", "orchestrator-client-cert", "-n", "org-1", "--cert=MyOrg1MSP.crt", "--key=MyOrg1MSP.key"],
      as: "orchestrator-client-cert.yaml", in: "MyOrg1MSP")
    try same(
      ["generic", "orchestrator-cacert", "-n", "org-1", "--from-file=ca.crt=orchestrator-ca.crt"],
      as: "orchestrator-cacert.yaml", in: "MyOrg1MSP")
  }

  @Test("the orchestrator's values are merged, and all else in them is kept")
  func orchestratorValues() throws {
    let artefact = try #require(try fixture.deliver()["orchestrator", "orchestrator-values.yaml"])
    #expect(artefact.role == .merged(into: "orchestrator-values.yaml"))
    #expect(
      artefact.text == SubstraFixture.orchestratorValues + """

        orchestrator:
          tls:
            enabled: true
            secrets:
              pair: orchestrator-tls-server-pair
            cacert: orchestrator-tls-cacert
            mtls:
              enabled: true
              clientCACerts:
                MyOrg1MSP:
                  - orchestrator-tls-cacert
          verifyClientMSPID: true
        """)
  }

  @Test("a backend's values are merged, and what is right already is left as it stands")
  func backendValues() throws {
    let artefact = try #require(try fixture.deliver()["MyOrg1MSP", "backend-values.yaml"])
    #expect(
      artefact.text == """
        settings: prod
        orchestrator:
            host: orchestrator.example.org
            port: 443      # the ingress
            mspID: MyOrg1MSP
            tls: {enabled: true, cacert: orchestrator-cacert, mtls: {enabled: true, clientCertificate: orchestrator-client-cert}}
        """)
  }

  @Test("merging what was merged changes no byte")
  mutating func again() throws {
    let first = try fixture.deliver()
    for (folder, path) in [("orchestrator", "orchestrator-values.yaml"), ("MyOrg1MSP", "backend-values.yaml")] {
      fixture.files[path] = try #require(first[folder, path]).text
    }
    let second = try fixture.deliver()
    for (folder, path) in [("orchestrator", "orchestrator-values.yaml"), ("MyOrg1MSP", "backend-values.yaml")] {
      #expect(second[folder, path]?.text == fixture.files[path])
    }
  }

  @Test("the same supply gives the same bytes")
  func deterministic() throws {
    let system = try fixture.system()
    let supply = try fixture.workbench.supply(system, files: fixture.files)
    var random = SystemRandomNumberGenerator()
    let deliveries = try (0..<2).map { _ in try system.deliver(supply, using: &random) }
    let bytes = deliveries.map { $0.folders.flatMap(\.artefacts).map(\.bytes) }
    #expect(bytes[0] == bytes[1] && bytes[0].count == 12)
    #expect(deliveries[0].folders.map(\.steps) == deliveries[1].folders.map(\.steps))
    #expect(deliveries[0].restarts == deliveries[1].restarts)
  }

  @Test("without values files, files with our settings alone are made, and the release keeps its own values")
  func freshValues() throws {
    let entry = SubstraFixture.entry
      .replacing("values: orchestrator-values.yaml", with: "ingressHost: orchestrator.example.org")
      .replacing(",\n     values: backend-values.yaml", with: "")
    let delivery = try fixture.deliver(entry)
    #expect(
      delivery["MyOrg1MSP", "backend-values.yaml"]?.text == """
        orchestrator:
          host: orchestrator.example.org
          mspID: MyOrg1MSP
          tls:
            enabled: true
            cacert: orchestrator-cacert
            mtls:
              enabled: true
              clientCertificate: orchestrator-client-cert

        """)
    #expect(delivery["orchestrator", "orchestrator-values.yaml"]?.role == .file)
    let commands = try delivery.folder("MyOrg1MSP").steps.flatMap(\.commands)
    #expect(commands.contains { $0.contains("--reuse-values --values backend-values.yaml") })
  }

  @Test("commands name release, chart, version and namespace, and pods are restarted, the orchestrator's first")
  func commands() throws {
    let delivery = try fixture.deliver()
    #expect(
      try delivery.folder("orchestrator").steps.flatMap(\.commands) == [
        "kubectl apply -n orchestrator -f orchestrator-tls-server-pair.yaml -f orchestrator-tls-cacert.yaml",
        "helm upgrade orchestrator substra/orchestrator -n orchestrator --version 8.8.0 "
          + "--values orchestrator-values.yaml",
        "kubectl rollout restart -n orchestrator deployment/orchestrator-server",
        "kubectl rollout status -n orchestrator deployment/orchestrator-server",
      ])
    let backend = try delivery.folder("MyOrg1MSP").steps.flatMap(\.commands)
    #expect(
      backend.prefix(3) == [
        "kubectl apply -n org-1 -f orchestrator-client-cert.yaml -f orchestrator-cacert.yaml",
        "helm upgrade backend-org-1 substra/substra-backend -n org-1 --version 26.15.3 --values backend-values.yaml",
        "kubectl rollout restart -n org-1 deployment/backend-org-1-substra-backend-server",
      ])
    #expect(
      delivery.restarts.map(\.workload) == [
        .deployment(name: "orchestrator-server", namespace: "orchestrator"),
        .deployment(name: "backend-org-1-substra-backend-server", namespace: "org-1"),
        .deployment(name: "backend-org-1-substra-backend-api-events", namespace: "org-1"),
        .deployment(name: "backend-org-1-substra-backend-worker-events", namespace: "org-1"),
        .statefulSet(name: "backend-org-1-substra-backend-worker", namespace: "org-1"),
        .statefulSet(name: "backend-org-1-substra-backend-builder", namespace: "org-1"),
      ])
    #expect(
      delivery.restarts.first?.because == [
        "orchestrator/orchestrator-tls-server-pair.yaml", "orchestrator/orchestrator-tls-cacert.yaml",
      ])
    let paths = delivery.folders.flatMap { folder in folder.artefacts.map { "\(folder.name)/\($0.path)" } }
    #expect(delivery.restarts.flatMap(\.because).allSatisfy(paths.contains))
  }

  @Test("what the values file turns off isn't restarted")
  mutating func turnedOff() throws {
    fixture.files["backend-values.yaml"] = "worker: {enabled: false, events: {enabled: no}}\nnameOverride: be\n"
    let workloads = try fixture.deliver().restarts.dropFirst().map(\.workload)
    #expect(
      workloads == [
        .deployment(name: "backend-org-1-be-server", namespace: "org-1"),
        .deployment(name: "backend-org-1-be-api-events", namespace: "org-1"),
        .statefulSet(name: "backend-org-1-be-builder", namespace: "org-1"),
      ])
  }

  @Test(
    "CAs go into the kind of object that the chart mounts",
    arguments: [("8.5.9", "25.9.9", "ConfigMap"), ("8.6.0", "26.0.0", "Secret")])
  func kinds(orchestrator: String, backend: String, kind: String) throws {
    let entry = SubstraFixture.entry.replacing("8.8.0", with: orchestrator).replacing("26.15.3", with: backend)
    let delivery = try fixture.deliver(entry)
    for (folder, manifest) in [
      ("orchestrator", "orchestrator-tls-cacert.yaml"), ("MyOrg1MSP", "orchestrator-cacert.yaml"),
    ] {
      let object = try delivery.tree(folder, manifest)
      #expect(object["kind"]?.text == kind)
      #expect(try delivery.certificates(folder, manifest, "ca.crt") == [fixture.workbench.issuer.certificate])
    }
  }

  @Test("below an intermediate, the issuing CA stands first, and the root after it")
  func intermediate() throws {
    let issuer = try fixture.workbench.intermediate("Online CA", organization: nil)
    let system = try fixture.system()
    var supply = try Workbench(issuer: issuer).supply(system, files: fixture.files)
    let root = fixture.workbench.issuer.certificate
    supply.trust = [root]
    for (name, credential) in supply.credentials {
      supply.credentials[name] = NodeCredential(
        leaf: credential.leaf, intermediates: [issuer.certificate], key: credential.key, trust: [root])
    }
    for node in try system.nodes(supply.files) {
      let credential = try #require(supply.credentials[node.name])
      #expect(system.problems(of: credential, for: node, supply: supply).isEmpty)
    }
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    let expected = [issuer.certificate, root]
    #expect(try delivery.certificates("orchestrator", "orchestrator-tls-cacert.yaml", "ca.crt") == expected)
    #expect(try delivery.certificates("MyOrg1MSP", "orchestrator-client-cert.yaml", "tls.crt").count == 2)
    // Of a company's PKI only the root is known beforehand: the issuing CA comes with the certificate.
    supply.issuer = nil
    let external = try system.deliver(supply, using: &random)
    #expect(try external.certificates("orchestrator", "orchestrator-tls-cacert.yaml", "ca.crt") == expected)
  }

  @Test("another organization's node gets its certificate, our CA and commands, but no key and no Secret with one")
  func partner() throws {
    let delivery = try fixture.deliver(SubstraFixture.entry + Self.partner)
    let folder = try delivery.folder("MyOrg2MSP")
    #expect(
      folder.artefacts.map(\.path) == [
        "MyOrg2MSP.crt", "orchestrator-cacert.yaml", "orchestrator-ca.crt", "backend-values.yaml",
      ])
    #expect(folder.artefacts.allSatisfy { !$0.text.contains("PRIVATE KEY") && !$0.isSecret })
    // Not for our cluster.
    #expect(folder.artefacts.allSatisfy { $0.role == .file })
    #expect(!delivery.restarts.contains { $0.because.contains { $0.hasPrefix("MyOrg2MSP") } })
    #expect(
      folder.steps.flatMap(\.commands).prefix(6) == [
        "NAMESPACE=org", "RELEASE=backend", "VERSION=26.15.3",
        "kubectl create secret tls orchestrator-client-cert -n \"$NAMESPACE\" --cert=MyOrg2MSP.crt "
          + "--key=MyOrg2MSP.key --dry-run=client -o yaml | kubectl apply -f -",
        "kubectl apply -n \"$NAMESPACE\" -f orchestrator-cacert.yaml",
        "helm upgrade \"$RELEASE\" substra/substra-backend -n \"$NAMESPACE\" --version \"$VERSION\" --reuse-values "
          + "--values backend-values.yaml",
      ])
    let values = try #require(delivery["orchestrator", "orchestrator-values.yaml"]).text
    #expect(values.contains("MyOrg2MSP:\n          - orchestrator-tls-cacert"))
  }

  @Test("where only the certificate is given, the command puts the key that is there into the Secret")
  func withoutKey() throws {
    let system = try fixture.system(
      SubstraFixture.entry.replacing("org: MyOrg1MSP, ", with: "org: MyOrg1MSP, certificate: a.crt, ")
        .replacing("chart: 8.8.0", with: "csr: o.csr, chart: 8.8.0"))
    var supply = try fixture.workbench.supply(system, files: fixture.files)
    for name in supply.credentials.keys { supply.credentials[name]?.key = nil }
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(!delivery.folders.flatMap(\.artefacts).contains { $0.text.contains("PRIVATE KEY") })
    #expect(
      try delivery.folder("orchestrator").steps.first?.commands == [
        "kubectl create secret tls orchestrator-tls-server-pair -n orchestrator --cert=orchestrator-tls.crt "
          + "--key=orchestrator-tls.key --dry-run=client -o yaml | kubectl apply -f -"
      ])
    let backend = try delivery.folder("MyOrg1MSP").steps.flatMap(\.commands)
    #expect(backend.first?.hasPrefix("kubectl create secret tls orchestrator-client-cert -n org-1 ") == true)
    #expect(backend.dropFirst().first == "kubectl apply -n org-1 -f orchestrator-cacert.yaml")
    #expect(delivery.restarts.count == 6)
  }

  @Test("names that a shell would take apart are quoted")
  mutating func quoting() throws {
    fixture.files["values/it's mine.yaml"] = SubstraFixture.backendValues
    let entry = SubstraFixture.entry.replacing("values: backend-values.yaml", with: "values: \"values/it's mine.yaml\"")
    let command = try #require(
      try fixture.deliver(entry).folder("MyOrg1MSP").steps.flatMap(\.commands).first { $0.hasPrefix("helm") })
    let words = try Tool.require("bash", ["-c", "helm() { printf '%s\\n' \"$@\"; }; \(command)"]).text
    #expect(words.split(separator: "\n").last == "it's mine.yaml")
  }

  @Test("a node whose certificate hasn't come gets none, and all else is delivered")
  func waiting() throws {
    let system = try fixture.system(SubstraFixture.entry + Self.partner)
    var supply = try fixture.workbench.supply(system, files: fixture.files)
    supply.credentials["MyOrg2MSP"] = nil
    supply.credentials["orchestrator"] = nil
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(try delivery.folder("MyOrg2MSP").artefacts.first?.path == "orchestrator-cacert.yaml")
    #expect(try delivery.folder("MyOrg2MSP").steps.flatMap(\.commands).isEmpty)
    #expect(try delivery.folder("orchestrator").artefacts.first?.path == "orchestrator-tls-cacert.yaml")
    #expect(delivery["MyOrg1MSP", "orchestrator-client-cert.yaml"] != nil)
    #expect(delivery["orchestrator", "orchestrator-values.yaml"]?.text.contains("MyOrg2MSP:") == true)
  }

  @Test("verifyClientMSPID follows the fleet file, then the values file, and is on where neither says")
  mutating func verification() throws {
    func value(_ delivery: Delivery) throws -> Bool? {
      try delivery.tree("orchestrator", "orchestrator-values.yaml").at("orchestrator", "verifyClientMSPID")?.flag
    }
    #expect(try value(fixture.deliver()) == true)
    fixture.files["orchestrator-values.yaml"] = "orchestrator:\n  verifyClientMSPID: false\n"
    let off = try fixture.deliver()
    #expect(try value(off) == false)
    #expect(off.warnings.count == 1 && off.warnings[0].hasPrefix("verifyClientMSPID is off"))
    let on = SubstraFixture.entry.replacing("chart: 8.8.0", with: "verifyClientMSPID: true, chart: 8.8.0")
    #expect(try value(fixture.deliver(on)) == true)
  }

  @Test("a host that the certificate doesn't name is replaced, with a warning; one that it names is left")
  mutating func hosts() throws {
    fixture.files["backend-values.yaml"] = "orchestrator:\n  host: old.example.org # before\n"
    let delivery = try fixture.deliver()
    #expect(
      delivery["MyOrg1MSP", "backend-values.yaml"]?.text.contains("host: orchestrator.example.org # before") == true)
    #expect(delivery.warnings.count == 1 && delivery.warnings[0].contains("dialled old.example.org"))
    fixture.files["backend-values.yaml"] = "orchestrator:\n  host: orchestrator-server.orchestrator.svc\n"
    let inside = try fixture.deliver(
      SubstraFixture.entry.replacing("chart: 8.8.0", with: "port: 9000, chart: 8.8.0"))
    #expect(inside.warnings.isEmpty)
    let text = try #require(inside["MyOrg1MSP", "backend-values.yaml"]).text
    #expect(text.hasPrefix("orchestrator:\n  host: orchestrator-server.orchestrator.svc\n  port: 9000\n"))
  }

  @Test("cert-manager, which would replace the pair, is warned of")
  mutating func certManager() throws {
    fixture.files["orchestrator-values.yaml"] = "orchestrator: {tls: {createCertificates: {enabled: true}}}\n"
    #expect(try fixture.deliver().warnings.first?.contains("cert-manager writes the Secret") == true)
  }

  @Test("a values file whose layout doesn't allow the change is named, and nothing is delivered")
  mutating func unmergeable() throws {
    fixture.files["backend-values.yaml"] = "orchestrator:\n  mspID: MyOrg1MSP\n  tls: none\n"
    let error = try fixture.failure(SubstraFixture.entry)
    #expect(error.path == "backend-values.yaml" && error.message.contains("tls"))
    fixture.files["backend-values.yaml"] = "base: &b {tls: {enabled: false}}\norchestrator: *b\n"
    #expect(try fixture.failure(SubstraFixture.entry).path == "backend-values.yaml")
  }
}
