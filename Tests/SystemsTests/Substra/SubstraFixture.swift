import Credentials
import Formats
import Foundation
import SwiftASN1
import Systems
import Testing
import X509

/// A Substra site as an operator would declare it, with the values files that it names.
struct SubstraFixture {
  static let entry = """
    kind: substra
    orchestrator: {release: orchestrator, namespace: orchestrator, chart: 8.8.0, host: orchestrator.example.org,
                   values: orchestrator-values.yaml}
    backends:
      - {org: MyOrg1MSP, release: backend-org-1, namespace: org-1, chart: 26.15.3, host: backend.org-1.example.org,
         values: backend-values.yaml}
    """
  static let orchestratorValues = """
    # The orchestrator of the example.
    ingress:
      enabled: true
      hostname: orchestrator.example.org   # also dialled

    channels:
      - name: mychannel
        organizations: [MyOrg1MSP, MyOrg2MSP]
    """
  static let backendValues = """
    settings: prod
    orchestrator:
        host: orchestrator.example.org
        port: 443      # the ingress
        mspID: MyOrg1MSP
        tls: {enabled: false}
    """

  let workbench: Workbench
  var files = ["orchestrator-values.yaml": orchestratorValues, "backend-values.yaml": backendValues]

  init() throws { workbench = try Workbench() }

  func system(_ entry: String = SubstraFixture.entry) throws -> Substra { try workbench.system(Substra.self, entry) }

  func deliver(_ entry: String = SubstraFixture.entry) throws -> Delivery {
    try workbench.deliver(system(entry), files: files)
  }

  /// What reading, or delivering, fails with.
  func failure(_ entry: String) throws -> FleetError {
    do {
      _ = try deliver(entry)
    } catch let error as FleetError {
      return error
    }
    throw MissingFailure()
  }

  struct MissingFailure: Error {}
}

extension Workbench {
  init(issuer: Issuer) { self.issuer = issuer }

  /// An authority of another organization.
  func foreign(_ name: String) throws -> Workbench { try Workbench(name: name) }

  /// An intermediate below this authority, with the limits of `ca intermediate --permit-...`, or none.
  func intermediate(_ name: String, organization: String?) throws -> Issuer {
    var random = SystemRandomNumberGenerator()
    let key = try KeyKind.p256.generate()
    let constraints = AuthorityConstraints(
      dns: organization == nil ? [] : ["org-2.example.org"], organization: organization)
    let issued = try issuer.issueIntermediate(
      AuthorityPlan(name: name, lifetime: .seconds(86_400 * 30), constraints: constraints), key: key.publicKey,
      serial: .random(using: &random), at: now)
    return try Issuer(certificate: issued.certificate, intermediates: [issued.certificate], key: key)
  }

  var caPEM: String { get throws { try PEM.encode(issuer.certificate) } }
}

extension Delivery {
  func folder(_ name: String) throws -> Delivery.Folder { try #require(folders.first { $0.name == name }) }

  func bytes(_ folder: String, _ path: String) throws -> [UInt8] { try #require(self[folder, path]).bytes }

  func tree(_ folder: String, _ path: String) throws -> YAMLTree {
    try #require(try YAMLTree.document(try bytes(folder, path)))
  }

  /// An object's data under a key, as pods would find it in a file.
  func data(_ folder: String, _ manifest: String, _ key: String) throws -> [UInt8] {
    let document = try tree(folder, manifest)
    let text = try #require(document.at("data", key)?.text)
    return document["kind"]?.text == "Secret" ? try Base64.decode(Array(text.utf8)[...]) : Array(text.utf8)
  }

  func certificates(_ folder: String, _ manifest: String, _ key: String) throws -> [Certificate] {
    try PEM.parse(try data(folder, manifest, key)).map { try Certificate(derEncoded: $0.der) }
  }
}
