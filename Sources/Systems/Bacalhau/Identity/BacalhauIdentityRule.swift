package import Credentials
package import Foundation
import SwiftASN1
package import X509

/// What a node demands of the orchestrator's certificate, by the rules of Go's `crypto/tls` and `crypto/x509`, which
/// Bacalhau leaves as they are. The common name counts for nothing.
package struct BacalhauIdentityRule: Sendable {
  /// What is dialled, by anybody.
  package var hosts: [SubjectName]

  package init(hosts: [SubjectName]) { self.hosts = hosts }

  /// All that would make a node hang up.
  /// - Parameter now: moved into the leaf's validity: expiry is everybody's rule, and reported as such.
  package func problems(
    chain: [Certificate], trust: [Certificate], at now: Date
  ) -> [Problem] {
    guard let leaf = chain.first else { return [] }
    return nameProblems(chain) + Self.usageProblems(leaf) + Self.constraintProblems(chain + trust)
      + Self.trustProblems(chain, trust, at: now)
  }

  /// Addresses are found among addresses only, names among DNS names, where `*` stands for one whole leftmost label.
  package static func isNamed(_ host: SubjectName, by names: [GeneralName]) -> Bool {
    names.contains { name in
      switch (host, name) {
      case (.ip(let address), .ipAddress(let octets)):
        canonical(address.octets) == canonical(Array(octets.bytes))
      case (.dns(let host), .dnsName(let pattern)): matches(host.text.lowercased(), pattern.lowercased())
      default: false
      }
    }
  }

  /// An IPv4 address written as IPv6 is the same to Go.
  private static func canonical(_ octets: [UInt8]) -> [UInt8] {
    let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xff, 0xff]
    return octets.count == 16 && octets.starts(with: mapped) ? Array(octets.suffix(4)) : octets
  }

  private static func matches(_ host: String, _ pattern: String) -> Bool {
    guard pattern.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return host == pattern }
    return host[dot...] == pattern.dropFirst(1)
  }
}

extension BacalhauIdentityRule {
  static func names(of certificate: Certificate) -> [GeneralName] {
    (try? certificate.extensions.subjectAlternativeNames).map { Array($0) } ?? []
  }

  /// Hosts that the first certificate doesn't name.
  func nameProblems(_ chain: [Certificate]) -> [Problem] {
    guard let leaf = chain.first else { return [] }
    let names = Self.names(of: leaf)
    let presented = names.compactMap(SubjectName.init).map(\.text).joined(separator: ", ")
    return hosts.filter { !Self.isNamed($0, by: names) }.map { host in
      Problem(
        BacalhauAddress.isLoopback(host) ? "san-lacks-loopback" : "san-lacks-host",
        what: "the certificate has no subject alternative name for \(host.text): "
          + (presented.isEmpty ? "it has none at all" : "it has \(presented)"),
        why: BacalhauAddress.isLoopback(host)
          ? "the orchestrator dials itself there, and refuses what doesn't name it"
          : "nodes that dial \(host.text) refuse it; the common name is not looked at",
        fix: "issue it for \(host.text) too")
    }
  }

  private static func usageProblems(_ leaf: Certificate) -> [Problem] {
    guard let usages = try? leaf.extensions.extendedKeyUsage,
      !usages.contains(.serverAuth), !usages.contains(.any)
    else { return [] }
    return [
      Problem(
        "no-server-usage", what: "its extended key usage doesn't allow a server",
        why: "nodes refuse it as the certificate of something they dial",
        fix: "issue it with the profile node or server")
    ]
  }

  /// Go knows constraints on DNS names, addresses, mailboxes and URIs; others, being critical, end the handshake.
  private static func constraintProblems(_ certificates: [Certificate]) -> [Problem] {
    let limited = certificates.first { certificate in
      guard let constraints = try? certificate.extensions.nameConstraints,
        certificate.extensions[oid: .X509ExtensionID.nameConstraints]?.critical == true
      else { return false }
      return (constraints.permittedSubtrees + constraints.excludedSubtrees).contains { name in
        switch name {
        case .dnsName, .ipAddress, .rfc822Name, .uniformResourceIdentifier: false
        default: true
        }
      }
    }
    guard let limited else { return [] }
    return [
      Problem(
        "unreadable-constraint",
        what: "\(limited.subject) is limited by names of a kind that Bacalhau doesn't know, such as an organization",
        why: "programs written in Go refuse every chain with such a limit",
        fix: "sign with an authority without --permit-org")
    ]
  }

  /// Whether a chain ends in a CA that is trusted; no CA, no answer.
  static func trustProblems(_ chain: [Certificate], _ trust: [Certificate], at now: Date) -> [Problem] {
    guard let leaf = chain.first, !trust.isEmpty else { return [] }
    let time = min(max(now, leaf.notValidBefore), leaf.notValidAfter)
    let request = PathRequest(
      leaf: .parsed(leaf), intermediates: [CertificateInput](Array(chain.dropFirst())),
      trust: [CertificateInput](trust), at: time)
    guard let rejection = verify(request).rejection else { return [] }
    return [
      Problem(
        "not-trusted", what: "it doesn't lead to the CA that the nodes trust: \(rejection.message)",
        why: "every node refuses the orchestrator", fix: "deliver the CA that signed it, and all intermediates")
    ]
  }
}
