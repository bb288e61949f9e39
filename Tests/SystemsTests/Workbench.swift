import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

/// An authority in memory, and the supply that it makes for a declared system.
struct Workbench {
  let now = Date()
  let issuer: Issuer

  init(name: String = "Example Orchestrator CA") throws {
    var random = SystemRandomNumberGenerator()
    issuer = try Issuer.root(
      AuthorityPlan(name: name, lifetime: .seconds(3650 * 86_400)), key: KeyKind.p256.generate(),
      serial: .random(using: &random), at: now)
  }

  /// Reads an entry of `systems`, as a fleet file has it, checked by its schema.
  func system<System: FleetSystem>(_ type: System.Type, _ yaml: String) throws -> System {
    let tree = try #require(try YAMLTree.document(Array(yaml.utf8)))
    let errors = Schema.variants([(type.kind, type.fields)]).errors(in: tree)
    if let first = errors.first { throw first }
    return try type.init(Declaration(tree), defaults: FleetDefaults())
  }

  func credential(for node: Node) throws -> NodeCredential {
    try credential(node.identity, profile: node.profile, key: node.key == .rsa4096 ? .rsa2048 : node.key)
  }

  func credential(
    _ identity: Identity, profile: Profile = .node, key kind: KeyKind = .p256, lifetime: Duration = .seconds(86_400)
  ) throws -> NodeCredential {
    let key = try kind.generate()
    let request = try VerifiedRequest(CertificateRequest(identity, key: key))
    let grant = Grant(request, profile: profile, lifetime: lifetime)
    var random = SystemRandomNumberGenerator()
    let issued = try issuer.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(using: &random), at: now)
    return NodeCredential(leaf: issued.certificate, intermediates: [], key: key, trust: [issuer.certificate])
  }

  /// What a system gets once all its nodes have their certificates.
  func supply(_ system: some FleetSystem, files: [String: String] = [:]) throws -> Supply {
    var supply = Supply(now: now)
    supply.files = InputFiles(files.mapValues { Array($0.utf8) })
    for node in try system.checkedNodes(supply.files) { supply.credentials[node.name] = try credential(for: node) }
    supply.trust = [issuer.certificate]
    supply.issuer = issuer.certificate
    for token in system.tokens { supply.tokens[token.name] = "token-of-the-workbench-0123456789" }
    return supply
  }

  func deliver(_ system: some FleetSystem, files: [String: String] = [:]) throws -> Delivery {
    var random = SystemRandomNumberGenerator()
    return try system.deliver(supply(system, files: files), using: &random)
  }
}

extension Delivery {
  subscript(folder: String, path: String) -> Artefact? {
    folders.first { $0.name == folder }?.artefacts.first { $0.path == path }
  }

  /// Writes all folders below a directory, as they would travel.
  func write(to directory: URL) throws {
    for folder in folders {
      for artefact in folder.artefacts {
        let file = directory.appending(path: "\(folder.name)/\(artefact.path)")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(artefact.bytes).write(to: file)
      }
    }
  }
}

extension Artefact {
  var text: String { String(decoding: bytes, as: UTF8.self) }
}
