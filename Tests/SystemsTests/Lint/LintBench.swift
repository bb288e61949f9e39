import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import X509

/// Files in memory, made by an authority of their own, and what lint finds in them.
struct LintBench {
  let workbench: Workbench
  let credential: NodeCredential

  init() throws {
    workbench = try Workbench()
    credential = try workbench.credential(Identity(commonName: "node.example", names: [.dns(DNSName("node.example"))]))
  }

  var certificate: String { get throws { try credential.chainPEM() } }
  var key: String { get throws { try credential.keyPEM() ?? "" } }
  var root: String { get throws { try credential.trustPEM() } }

  func another(_ name: String = "other.example", lifetime: Duration = .seconds(86_400)) throws -> NodeCredential {
    try workbench.credential(Identity(commonName: name, names: [.dns(DNSName(name))]), lifetime: lifetime)
  }

  /// An intermediate below the authority, as PEM, and a leaf of its.
  func intermediate() throws -> (certificate: String, leaf: String, leafKey: String) {
    var random = SystemRandomNumberGenerator()
    let key = try KeyKind.p256.generate()
    let issued = try workbench.issuer.issueIntermediate(
      AuthorityPlan(name: "Example Intermediate", lifetime: .seconds(1000 * 86_400)), key: key.publicKey,
      serial: .random(using: &random), at: workbench.now)
    let issuer = try Issuer(certificate: issued.certificate, intermediates: [issued.certificate], key: key)
    let below = try Workbench(issuer: issuer).credential(
      Identity(commonName: "leaf.example", names: [.dns(DNSName("leaf.example"))]))
    return (try PEM.encode(issued.certificate), try PEM.encode(below.leaf), try below.keyPEM() ?? "")
  }

  /// The findings of the rules for any file, in order.
  func lint(_ files: [String: String], warning: Duration = .zero) -> [Finding] {
    let files = files.sorted { $0.key < $1.key }.map { LintFile(path: $0.key, bytes: Array($0.value.utf8)) }
    return FleetLint.ordered(
      FileLint.findings(in: LintContext(files: files, now: workbench.now, warning: warning)))
  }

  /// `FILE:LINE code` of each finding.
  func places(_ files: [String: String], warning: Duration = .zero) -> [String] {
    lint(files, warning: warning).map { "\($0.file):\($0.line ?? 0) \($0.code)" }
  }

  static func secret(_ data: [(String, String)], named name: String = "node-tls", type: String = "kubernetes.io/tls")
    -> String
  {
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \(name)\ntype: \(type)\ndata:\n"
      + data.map { "  \($0): \(Data($1.utf8).base64EncodedString())\n" }.joined()
  }

  /// A text behind `|`.
  static func block(_ key: String, _ text: String, at indentation: Int = 0) -> String {
    let margin = String(repeating: " ", count: indentation)
    return "\(margin)\(key): |\n" + text.split(separator: "\n").map { "\(margin)  \($0)\n" }.joined()
  }
}
