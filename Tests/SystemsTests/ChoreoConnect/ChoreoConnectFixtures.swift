import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import Testing
import X509

/// Fleet entries and files of the operators that the tests of Choreo Connect share.
enum ChoreoFixtures {
  static let host = "backend.example.org"

  static let entry = """
    kind: choreo-connect
    router: {home: cc, hosts: [router, adapter, enforcer, localhost], trust: project}
    backends:
      - {endpoint: "https://backend.example.org:9443/v1", api: PetStore}
    """

  static func entry(router: String = "", backend: String = "", trust: String = "project") -> String {
    """
    kind: choreo-connect
    router: {home: cc, trust: \(trust)\(router.isEmpty ? "" : ", ")\(router)}
    backends:
      - {endpoint: "https://backend.example.org:9443/v1", api: PetStore\(backend.isEmpty ? "" : ", ")\(backend)}
    """
  }

  static let config = """
    # Our gateway
    [adapter]
      [adapter.server]
      enabled = true   # for apictl

    [router.keystore]
      certPath = "/home/wso2/security/keystore/mg.pem"
      keyPath = "/home/wso2/security/keystore/mg.key"

    [router.upstream]
    [router.upstream.tls]
      minimumProtocolVersion = "TLS1_1"  # as shipped
      maximumProtocolVersion = "TLS1_2"
      ciphers = "ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA"
      # the default endpoint certificates
      trustedCertPath = "/etc/ssl/certs/ca-certificates.crt"
      verifyHostName = false
      disableSslVerification = true

    [enforcer]
    custom = ["a", "b"]

    """

  /// What the distribution ships, as far as it can be told apart: another key under the same subject, names and end.
  static func lookAlike(
    in directory: TemporaryDirectory, names: [String] = ["adapter", "enforcer", "router", "localhost"],
    end: String = "20310129101010Z"
  ) throws -> String {
    let settings = """
      [ca]
      default_ca = here
      [here]
      database = \(directory.file("index.txt").path)
      new_certs_dir = \(directory.path)
      serial = \(directory.file("serial").path)
      default_md = sha256
      policy = any
      x509_extensions = extensions
      [any]
      commonName = supplied
      [extensions]
      subjectAltName = \(names.map { "DNS:\($0)" }.joined(separator: ","))
      """
    try Data(settings.utf8).write(to: directory.file("ca.conf"))
    try Data().write(to: directory.file("index.txt"))
    try Data("01\n".utf8).write(to: directory.file("serial"))
    try Tool.openssl(
      "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "mg.key", "-out", "mg.csr", "-subj", "/CN=localhost",
      in: directory.url)
    try Tool.openssl(
      "ca", "-batch", "-selfsign", "-config", "ca.conf", "-keyfile", "mg.key", "-in", "mg.csr", "-out", "mg.pem",
      "-notext", "-startdate", "20210131101010Z", "-enddate", end, in: directory.url)
    return try String(contentsOf: directory.file("mg.pem"), encoding: .utf8)
  }
}

/// RSA keys for all tests: making one takes longer than most tests.
private enum SharedKeys {
  static let router = try? KeyKind.rsa2048.generate()
  static let backend = try? KeyKind.rsa2048.generate()
}

extension Workbench {
  func choreo(_ yaml: String = ChoreoFixtures.entry) throws -> ChoreoConnect { try system(ChoreoConnect.self, yaml) }

  /// A key of the node's kind, the same each time.
  private func key(of node: Node) throws -> Certificate.PrivateKey {
    guard node.key == .rsa2048 else { return try node.key.generate() }
    return try #require(node.name == "router" ? SharedKeys.router : SharedKeys.backend)
  }

  func choreoCredential(_ node: Node, profile: Profile? = nil) throws -> NodeCredential {
    let key = try key(of: node)
    let request = try VerifiedRequest(CertificateRequest(node.identity, key: key))
    var random = SystemRandomNumberGenerator()
    let issued = try issuer.issue(
      IssuancePolicy.unrestricted.authorize(
        Grant(request, profile: profile ?? node.profile, lifetime: .seconds(86_400)), as: .desk),
      serial: .random(using: &random), at: now)
    return NodeCredential(leaf: issued.certificate, intermediates: [], key: key, trust: [issuer.certificate])
  }

  func selfSigned(_ node: Node) throws -> NodeCredential {
    let key = try key(of: node)
    let request = try VerifiedRequest(CertificateRequest(node.identity, key: key))
    let grant = Grant(request, profile: node.profile, lifetime: .seconds(86_400))
    var random = SystemRandomNumberGenerator()
    let issued = try Issuer.selfSigned(grant, key: key, serial: .random(using: &random), at: now)
    // As it is read back from the output: with the fleet's authority beside it.
    return NodeCredential(leaf: issued.certificate, intermediates: [], key: key, trust: [issuer.certificate])
  }

  /// As ``supply(_:files:)``, with certificates that vouch for themselves where the declaration says so.
  func choreoSupply(_ system: ChoreoConnect, files: [String: [UInt8]] = [:]) throws -> Supply {
    var supply = Supply(now: now)
    supply.files = InputFiles(files)
    for node in try system.checkedNodes(supply.files) {
      supply.credentials[node.name] = try node.source == .selfSigned ? selfSigned(node) : choreoCredential(node)
    }
    supply.trust = [issuer.certificate]
    supply.issuer = issuer.certificate
    return supply
  }

  func deliver(_ system: ChoreoConnect, _ supply: Supply) throws -> Delivery {
    var random = SystemRandomNumberGenerator()
    return try system.deliver(supply, using: &random)
  }
}

extension Delivery {
  /// Every artefact by its path below the system's folder.
  var deliveredFiles: [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for folder in folders { for file in folder.artefacts { files["\(folder.name)/\(file.path)"] = file.bytes } }
    return files
  }

  var deliveredPaths: [String] { deliveredFiles.keys.sorted() }

  func folder(named name: String) -> Folder? { folders.first { $0.name == name } }
}

extension Delivery.Folder {
  var commands: [String] { steps.flatMap(\.commands) }
}
