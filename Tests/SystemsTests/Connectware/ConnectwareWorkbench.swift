import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import X509

extension Workbench {
  /// A system of two agents, as the documentation's examples have them, with more keys.
  func connectware(
    _ agents: String = "names: [bender-robots, welder-robots]", installation: String = "", _ more: String = ""
  ) throws -> Connectware {
    try system(
      Connectware.self,
      """
      kind: connectware
      connectware: {namespace: cybus\(installation.isEmpty ? "" : ", \(installation)")}
      agents:
        namespace: cybus
        connectwareHost: connectware.cybus
        \(agents)
      \(more.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      """)
  }

  /// A partner's authority: an intermediate that is limited to certain names.
  func partner() throws -> (certificate: Certificate, key: Certificate.PrivateKey) {
    let key = try KeyKind.p256.generate()
    var random = SystemRandomNumberGenerator()
    let plan = AuthorityPlan(
      name: "Partner CA", lifetime: .seconds(86_400), constraints: AuthorityConstraints(dns: ["partner.example"]))
    let issued = try issuer.issueIntermediate(plan, key: key.publicKey, serial: .random(using: &random), at: now)
    return (issued.certificate, key)
  }

  func credential(named name: String, hosts: [String] = [], profile: Profile = .client) throws -> NodeCredential {
    try credential(
      Identity(commonName: name, names: hosts.compactMap(SubjectName.init(host:))), profile: profile)
  }
}

extension Delivery {
  var paths: [String] { folders.flatMap { folder in folder.artefacts.map { "\(folder.name)/\($0.path)" } } }

  func commands(_ folder: String) -> [String] {
    folders.first { $0.name == folder }?.steps.flatMap(\.commands) ?? []
  }
}

extension Certificate {
  var pem: String { get throws { try PEM.text([self]) } }
}
