import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("what Choreo Connect's nodes get")
struct ChoreoConnectDeliveryTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func deliver(
    _ yaml: String = ChoreoFixtures.entry, files: [String: String] = [:]
  ) throws -> (delivery: Delivery, supply: Supply) {
    let system = try bench.choreo(yaml)
    let supply = try bench.choreoSupply(system, files: files.mapValues { Array($0.utf8) })
    return (try bench.deliver(system, supply), supply)
  }

  private func tree(_ delivery: Delivery, _ folder: String, _ path: String) throws -> YAMLTree {
    let file = try #require(delivery[folder, path])
    return try #require(try YAMLTree.document(file.bytes))
  }

  private func configMap(_ delivery: Delivery, _ folder: String, _ path: String) throws -> KubernetesConfigMap {
    let file = try #require(delivery[folder, path])
    return try #require(try KubernetesConfigMap.decode(file.bytes).first)
  }

  @Test("each node has exactly its own; the three components share one key pair")
  func files() throws {
    let (delivery, supply) = try deliver(files: ["cc/conf/config.toml": ChoreoFixtures.config])
    let components = ["adapter", "enforcer", "router"].flatMap { name in
      ["keystore/mg.key", "keystore/mg.pem", "truststore/mg.pem"].map { "router/resources/\(name)/security/\($0)" }
    }
    #expect(
      delivery.deliveredPaths
        == [
          "apis/PetStore/Definitions/swagger.yaml", "apis/PetStore/Endpoint-certificates/backend.example.org.crt",
          "apis/PetStore/Endpoint-certificates/endpoint_certificates.yaml", "apis/PetStore/api.yaml",
          "apis/PetStore/deployment_environments.yaml", "backend.example.org/backend.key",
          "backend.example.org/backend.pem", "backend.example.org/router-ca.pem", "router/backends-ca.pem",
          "router/conf/config.toml",
        ] + components)
    let secrets = delivery.folders.flatMap { folder in folder.artefacts.filter(\.isSecret).map(\.path) }
    #expect(secrets.allSatisfy { $0.hasSuffix(".key") } && secrets.count == 4)
    let key = try #require(try supply.credentials["router"]?.keyPEM())
    for name in ["adapter", "enforcer", "router"] {
      #expect(delivery["router", "resources/\(name)/security/keystore/mg.key"]?.text == key)
    }
    #expect(key.hasPrefix("-----BEGIN PRIVATE KEY-----"))
    // A component's trust begins with the certificate itself, and what vouches for it follows.
    let trusted = PEM.scan(try #require(delivery["router", "resources/enforcer/security/truststore/mg.pem"]).bytes)
    let leaf = try #require(supply.credentials["router"]).leaf
    #expect(try trusted.blocks.map(\.der) == [leaf, bench.issuer.certificate].map { try PEM.der(of: $0) })
  }

  @Test("config.toml gets what mutual TLS needs, and keeps comments, order and all else")
  func configuration() throws {
    let (delivery, _) = try deliver(
      ChoreoFixtures.entry(router: "tls: {min: TLS1_2, max: TLS1_3, ciphers: [ECDHE-RSA-AES256-GCM-SHA384]}"),
      files: ["cc/conf/config.toml": ChoreoFixtures.config])
    let file = try #require(delivery["router", "conf/config.toml"])
    #expect(
      file.text
        == ChoreoFixtures.config.replacing("\"TLS1_1\"", with: "\"TLS1_2\"")
        .replacing("maximumProtocolVersion = \"TLS1_2\"", with: "maximumProtocolVersion = \"TLS1_3\"")
        .replacing("\"ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA\"", with: "\"ECDHE-RSA-AES256-GCM-SHA384\"")
        .replacing("verifyHostName = false", with: "verifyHostName = true")
        .replacing("disableSslVerification = true", with: "disableSslVerification = false"))
    #expect(file.role == .merged(into: "cc/conf/config.toml"))
    let again = try deliver(
      ChoreoFixtures.entry(router: "tls: {ciphers: [ECDHE-RSA-AES256-GCM-SHA384]}"),
      files: ["cc/conf/config.toml": file.text])
    #expect(again.delivery["router", "conf/config.toml"]?.text == file.text)
  }

  @Test("without a config.toml there is a new one with our settings, which TOML's own reader accepts, and a warning")
  func newConfiguration() throws {
    let (delivery, _) = try deliver()
    let file = try #require(delivery["router", "conf/config.toml"])
    #expect(file.role == .file)
    let json = try Tool.require(
      "python3", ["-c", "import json,sys,tomllib; print(json.dumps(tomllib.load(sys.stdin.buffer), sort_keys=True))"],
      input: Data(file.bytes))
    #expect(
      json.text
        == """
        {"router": {"keystore": {"certPath": "/home/wso2/security/keystore/mg.pem", \
        "keyPath": "/home/wso2/security/keystore/mg.key"}, \
        "upstream": {"tls": {"disableSslVerification": false, "maximumProtocolVersion": "TLS1_3", \
        "minimumProtocolVersion": "TLS1_2", "trustedCertPath": "/etc/ssl/certs/ca-certificates.crt", \
        "verifyHostName": true}}}}

        """)
    #expect(delivery.warnings.count == 1)
  }

  @Test("a config.toml that is none is refused with its name")
  func badConfiguration() throws {
    do {
      _ = try deliver(files: ["cc/conf/config.toml": "[router\nx = 1\n"])
      Issue.record("accepted")
    } catch let error as FleetError {
      #expect(error.message.contains("cc/conf/config.toml"))
      #expect(error.place?.line == 2)
    }
  }

  @Test("a config.toml that is kept elsewhere is merged there; a manifest needs Kubernetes")
  func declaredConfiguration() throws {
    let yaml = ChoreoFixtures.entry(router: "config: ours/gateway.toml")
    let (delivery, _) = try deliver(yaml, files: ["ours/gateway.toml": ChoreoFixtures.config])
    #expect(delivery["router", "gateway.toml"]?.role == .merged(into: "ours/gateway.toml"))
    let explanations = delivery.folder(named: "router")?.steps.map(\.explanation) ?? []
    #expect(explanations.contains("Put gateway.toml in the place of ours/gateway.toml, which it was made from."))
    #expect(delivery.restarts[1].because.contains("router/gateway.toml"))
    #expect(throws: FleetError.self) { try deliver(yaml) }
    #expect(throws: FleetError.self) {
      try deliver(ChoreoFixtures.entry(router: "config: map.yaml"), files: ["map.yaml": "kind: ConfigMap\n"])
    }
  }

  @Test("both flavours of the distribution are written, and the commands name the first's compose file")
  func flavours() throws {
    let (delivery, _) = try deliver(
      files: [
        "cc/choreo-connect/conf/config.toml": ChoreoFixtures.config,
        "cc/choreo-connect-with-apim/conf/config.toml": ChoreoFixtures.config,
      ])
    #expect(delivery["router", "choreo-connect-with-apim/conf/config.toml"] != nil)
    #expect(
      delivery.restarts.map(\.command).contains(
        "docker-compose -f \"$CHOREO_CONNECT_HOME\"/choreo-connect/docker-compose.yaml restart adapter"))
    #expect(delivery.warnings.count == 1)
  }

  @Test("what the distribution ships is replaced everywhere, in the operator's own places")
  func shipped() throws {
    let shipped = try ChoreoFixtures.lookAlike(in: TemporaryDirectory())
    let other = try PEM.encode(Workbench(name: "Key Manager CA").issuer.certificate)
    var files = ["cc/backend-bundle.crt": other + shipped]
    for name in ["adapter", "enforcer", "router"] {
      files["cc/resources/\(name)/security/keystore/mg.pem"] = shipped
      files["cc/resources/\(name)/security/truststore/mg.pem"] = shipped + other
    }
    let (delivery, _) = try deliver(
      ChoreoFixtures.entry(backend: "bundle: cc/backend-bundle.crt"), files: files)
    for file in delivery.folders.flatMap(\.artefacts) where PEM.isLikely(file.bytes) {
      #expect(PEM.scan(file.bytes).blocks.allSatisfy { !ShippedKeystore.isPublic(der: $0.der) }, "\(file.path)")
    }
    let store = try #require(delivery["router", "resources/router/security/truststore/mg.pem"])
    #expect(store.role == .merged(into: "cc/resources/router/security/truststore/mg.pem"))
    #expect(store.text.hasSuffix(other) && PEM.scan(store.bytes).blocks.count == 3)
    #expect(delivery[ChoreoFixtures.host, "backend-bundle.crt"]?.text.hasPrefix(other) == true)
  }

  @Test("a bundle is appended to once, its comments stay, and fused lines are mended")
  func bundle() throws {
    let other = try PEM.encode(Workbench(name: "Public CA").issuer.certificate)
    let ours = try PEM.encode(bench.issuer.certificate)
    func merged(_ text: String) throws -> String {
      let yaml = ChoreoFixtures.entry(router: "bundle: ca.crt", trust: "global")
      let file = try deliver(yaml, files: ["ca.crt": text]).delivery[
        "router", "resources/router/security/ca-certificates.crt"]
      return try #require(file).text
    }
    #expect(try merged("# public\n\(other)") == "# public\n\(other)\(ours)")
    #expect(try merged("# public\n\(other)\(ours)# end\n") == "# public\n\(other)\(ours)# end\n")
    #expect(try merged(other + ours + other) == other + ours)
    #expect(try merged(String(other.dropLast()) + other) == other + ours)
    #expect(try merged("") == ours)
    #expect(throws: FleetError.self) { try merged(other + KeyCoding.pem(KeyKind.p256.generate())) }
    #expect(throws: FleetError.self) { try merged("-----BEGIN CERTIFICATE-----\nAAAA\n") }
  }

  @Test("globally trusted, a self-signed backend is in the bundle itself, and no project is made")
  func global() throws {
    let (delivery, supply) = try deliver(
      ChoreoFixtures.entry(backend: "selfSigned: true", trust: "global"))
    let leaf = try #require(supply.credentials[ChoreoFixtures.host]).leaf
    #expect(
      try delivery["router", "resources/router/security/ca-certificates.crt"]?.text == PEM.encode(leaf))
    #expect(delivery.folder(named: "apis") == nil)
    let router = try #require(delivery.folder(named: "router"))
    #expect(
      router.commands.contains(
        "# - ${CHOREO_CONNECT_HOME}/resources/router/security/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt"))
    let restart = try #require(delivery.restarts.last)
    #expect(restart.command == "docker-compose -f \"$CHOREO_CONNECT_HOME\"/docker-compose.yaml restart router")
    #expect(restart.because.contains("router/resources/router/security/ca-certificates.crt"))
  }

  @Test("backends restart before the components, and those in the order in which they depend on each other")
  func restarts() throws {
    let (delivery, _) = try deliver()
    #expect(
      delivery.restarts.map(\.workload) == [
        .process("the server at backend.example.org:9443"), .process("the adapter of Choreo Connect"),
        .process("the enforcer of Choreo Connect"), .process("the router of Choreo Connect"),
        .process("the API PetStore, which is deployed again"),
      ])
    #expect(
      delivery.restarts.last?.command == "apictl mg deploy api --file PetStore --environment dev --override")
    let paths = Set(delivery.deliveredPaths)
    #expect(delivery.restarts.allSatisfy { !$0.because.isEmpty && paths.isSuperset(of: $0.because) })
  }

  @Test("the handshake is tried with the client certificate and without it")
  func checks() throws {
    let commands = try #require(try deliver().delivery.folder(named: "router")).commands
    let check = "countersign check backend.example.org:9443 --trust backends-ca.pem"
    let keystore = "resources/adapter/security/keystore/mg"
    #expect(
      commands.suffix(2) == [
        "\(check) --cert \(keystore).pem --key \(keystore).key --config conf/config.toml", check,
      ])
  }

  @Test("a new API's project is what apictl init makes, with the endpoint as declared")
  func project() throws {
    let (delivery, _) = try deliver()
    let api = try tree(delivery, "apis", "PetStore/api.yaml")
    #expect(api["type"]?.text == "api" && api.at("data", "name")?.text == "PetStore")
    #expect(
      api.at("data", "endpointConfig", "production_endpoints", "url")?.text == "https://backend.example.org:9443/v1")
    #expect(
      delivery["apis", "PetStore/Endpoint-certificates/endpoint_certificates.yaml"]?.text
        == """
        type: endpoint_certificates
        version: v4.0.0
        data:
          - endpoint: https://backend.example.org:9443/v1
            alias: backend.example.org
            certificate: backend.example.org.crt

        """)
    let swagger = try tree(delivery, "apis", "PetStore/Definitions/swagger.yaml")
    #expect(swagger.at("paths", "/*", "get", "responses", "200", "description")?.text == "OK")
  }

  @Test("an API that exists keeps its project: only the certificates are written, and its list is merged")
  func existingProject() throws {
    let list = """
      type: endpoint_certificates
      version: v4.0.0
      data:
      - alias: pay   # payments
        endpoint: https://pay.example.org
        certificate: pay.crt

      """
    let yaml = ChoreoFixtures.entry(backend: "project: apis/pets")
    let (delivery, _) = try deliver(
      yaml,
      files: [
        "apis/pets/api.yaml": "data: {version: 2.1.0}\n",
        "apis/pets/Endpoint-certificates/endpoint_certificates.yaml": list,
      ])
    #expect(
      delivery.folder(named: "apis")?.artefacts.map(\.path) == [
        "PetStore/Endpoint-certificates/backend.example.org.crt",
        "PetStore/Endpoint-certificates/endpoint_certificates.yaml",
      ])
    let merged = try #require(delivery["apis", "PetStore/Endpoint-certificates/endpoint_certificates.yaml"])
    #expect(merged.role == .merged(into: "apis/pets/Endpoint-certificates/endpoint_certificates.yaml"))
    #expect(merged.text.hasPrefix(list))
    #expect(merged.text.contains("- endpoint: https://backend.example.org:9443/v1\n"))
    #expect(
      delivery.folder(named: "apis")?.commands == [
        "export API_PROJECT=apis/pets", "cp -R PetStore/. \"$API_PROJECT\"/",
        "apictl mg deploy api --file \"$API_PROJECT\" --environment dev --override",
      ])
  }

  @Test("two backends of one API are both in its list, each with a file of its own")
  func loadBalanced() throws {
    let (delivery, _) = try deliver(
      """
      kind: choreo-connect
      router: {home: cc}
      backends:
        - {endpoint: "https://a.example/v1", api: PetStore}
        - {endpoint: "https://b.example/v1", api: PetStore, selfSigned: true}
      """)
    let api = try tree(delivery, "apis", "PetStore/api.yaml")
    let config = try #require(api.at("data", "endpointConfig"))
    #expect(config["endpoint_type"]?.text == "load_balance")
    #expect(config["production_endpoints"]?.items?.compactMap { $0["url"]?.text }.count == 2)
    #expect(
      delivery["apis", "PetStore/Endpoint-certificates/a.example.crt"]?.bytes
        != delivery["apis", "PetStore/Endpoint-certificates/b.example.crt"]?.bytes)
  }

  @Test("params.yaml gets the endpoint's certificate for the environment, beside what it says already")
  func params() throws {
    let params = """
      environments:
          # staging
          - name: dev
            configs:
              endpoints:
                production: {url: 'https://backend.example.org:9443/v1'}
          - name: prod

      """
    let yaml = ChoreoFixtures.entry(
      router: "environment: prod", backend: "params: params.yaml", trust: "params")
    let (delivery, _) = try deliver(yaml, files: ["params.yaml": params])
    let file = try #require(delivery["apis", "DeploymentArtifacts_PetStore-1.0.0/params.yaml"])
    #expect(file.role == .merged(into: "params.yaml") && file.text.hasPrefix(params.dropLast()))
    let tree = try #require(try YAMLTree.document(file.bytes))
    let certs = try #require(tree["environments"]?.items?.last?.at("configs", "certs")?.items)
    #expect(certs.map { $0["hostName"]?.text } == ["https://backend.example.org:9443/v1"])
    #expect(certs.map { $0["path"]?.text } == ["backend.example.org.crt"])
    #expect(
      try delivery["apis", "DeploymentArtifacts_PetStore-1.0.0/certificates/backend.example.org.crt"]?.text
        == PEM.encode(bench.issuer.certificate))
    #expect(
      delivery.restarts.last?.command
        == "apictl import api --file PetStore --environment prod --update --params DeploymentArtifacts_PetStore-1.0.0")
  }

  @Test("a router whose key is elsewhere gets certificates and the commands for its key's owner, and no key")
  func keyElsewhere() throws {
    let yaml = ChoreoFixtures.entry(
      router: "csr: router.csr, kubernetes: {namespace: cc}", backend: "csr: backend.csr")
    let system = try bench.choreo(yaml)
    var supply = try bench.choreoSupply(
      system, files: ["cc/conf/config.toml": Array(ChoreoFixtures.config.utf8)])
    for name in supply.credentials.keys { supply.credentials[name]?.key = nil }
    let delivery = try bench.deliver(system, supply)
    #expect(
      delivery.folder(named: "router")?.artefacts.map(\.path) == [
        "mg.pem", "adapter-truststore.yaml", "enforcer-truststore.yaml", "router-truststore.yaml", "config.toml",
        "config-toml.yaml", "backends-ca.pem",
      ])
    #expect(!delivery.deliveredPaths.contains { $0.hasSuffix(".key") })
    #expect(
      delivery.folder(named: "router")?.commands.contains(
        "kubectl -n cc create secret generic router-keystore --from-file=mg.key --from-file=mg.pem "
          + "--dry-run=client -o yaml | kubectl -n cc apply -f -") == true)
  }

  @Test("a node that waits for its certificate gets none, and the others get theirs")
  func waiting() throws {
    let system = try bench.choreo()
    var supply = try bench.choreoSupply(system)
    supply.credentials["router"] = nil
    let delivery = try bench.deliver(system, supply)
    #expect(delivery.folder(named: "router")?.artefacts.map(\.path) == ["conf/config.toml", "backends-ca.pem"])
    #expect(delivery[ChoreoFixtures.host, "router-ca.pem"] != nil)
  }

  @Test("on Kubernetes, Secrets and ConfigMap are what kubectl makes from the same files")
  func kubernetes() throws {
    let yaml = ChoreoFixtures.entry(router: "kubernetes: {namespace: cc}")
    let (delivery, _) = try deliver(yaml, files: ["cc/conf/config.toml": ChoreoFixtures.config])
    let directory = try TemporaryDirectory()
    try delivery.write(to: directory.url)
    let folder = directory.file("router")
    func kubectl(_ arguments: String...) throws -> [UInt8] {
      let arguments = ["create", "-n", "cc"] + arguments + ["--dry-run=client", "-o", "yaml"]
      return Array(try Tool.require("kubectl", arguments, in: folder).stdout)
    }
    for name in ["adapter", "enforcer", "router"] {
      let theirs = try KubernetesSecret.decode(
        kubectl("secret", "generic", "\(name)-keystore", "--from-file=mg.key", "--from-file=mg.pem"))
      let ours = try KubernetesSecret.decode(try #require(delivery["router", "\(name)-keystore.yaml"]).bytes)
      #expect(ours == theirs && ours.first?.type == .opaque && ours.first?.namespace == "cc")
      let trust = try KubernetesSecret.decode(try #require(delivery["router", "\(name)-truststore.yaml"]).bytes)
      #expect(trust.first?.data.map(\.key) == ["mg.pem"])
    }
    #expect(
      try delivery["router", "config-toml.yaml"]?.bytes
        == kubectl("configmap", "config-toml", "--from-file=config.toml"))
    #expect(
      delivery.restarts.map(\.workload).filter { if case .deployment = $0 { true } else { false } } == [
        .deployment(name: "choreo-connect-adapter", namespace: "cc"),
        .deployment(name: "choreo-connect-deployment", namespace: "cc"),
      ])
    #expect(
      delivery.folder(named: "router")?.commands.first
        == "kubectl -n cc apply -f adapter-keystore.yaml -f adapter-truststore.yaml -f enforcer-keystore.yaml "
        + "-f enforcer-truststore.yaml -f router-keystore.yaml -f router-truststore.yaml -f config-toml.yaml")
  }

  @Test("a ConfigMap's manifest is merged in the operator's own text; without settings there is none")
  func manifest() throws {
    let indented = ChoreoFixtures.config.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
    let manifest = """
      # ours
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: config-toml
      data:
        log_config.toml: |
          x = 1
        config.toml: |
      \(indented)
      """
    let yaml = ChoreoFixtures.entry(router: "kubernetes: {namespace: cc}, config: k8s/config-toml-configmap.yaml")
    let (delivery, _) = try deliver(yaml, files: ["k8s/config-toml-configmap.yaml": manifest])
    let merged = try #require(delivery["router", "manifests/config-toml-configmap.yaml"])
    #expect(merged.role == .merged(into: "k8s/config-toml-configmap.yaml"))
    #expect(merged.text.hasPrefix("# ours\n") && merged.text.contains("    enabled = true   # for apictl\n"))
    let map = try configMap(delivery, "router", "config-toml.yaml")
    #expect(map["log_config.toml"] == Array("x = 1\n".utf8))
    #expect(map["config.toml"] == delivery["router", "config.toml"]?.bytes)
    let mergedMap = try #require(try KubernetesConfigMap.decode(merged.bytes).first)
    #expect(mergedMap["config.toml"] == map["config.toml"])
    #expect(throws: FleetError.self) {
      try deliver(ChoreoFixtures.entry(router: "kubernetes: {namespace: cc}"))
    }
  }

  @Test("the same supply gives the same bytes, whatever the random numbers")
  func determinism() throws {
    let yaml = ChoreoFixtures.entry(backend: "truststore: {path: t.p12, passwordFile: pw}")
    let system = try bench.choreo(yaml)
    var supply = try bench.choreoSupply(
      system, files: ["pw": Array("changeit\n".utf8), "cc/conf/config.toml": Array(ChoreoFixtures.config.utf8)])
    let first = try bench.deliver(system, supply).deliveredFiles
    supply.previous = first
    #expect(try bench.deliver(system, supply).deliveredFiles == first)
  }
}
