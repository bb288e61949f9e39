package import Credentials
package import Foundation
package import X509

/// Why a node needs another certificate than the one it has.
package enum RenewalReason: Hashable, Sendable {
  case missing
  /// The operator said so.
  case asked
  case expired(Date)
  /// It ends within the time before which it is renewed.
  case expiring(Date)
  case revoked
  case otherAuthority(String)
  case otherKey(was: String, now: String)
  /// The request has changed, which holds the key of a node elsewhere.
  case otherRequest
  case otherSubject(was: String, now: String)
  case otherNames(missing: [String], surplus: [String])
  case otherProfile(Profile)

  /// Lower case, without a full stop.
  package var text: String {
    switch self {
    case .missing: return "there is no certificate yet"
    case .asked: return "it was asked for"
    case .expired(let date): return "it expired at \(rfc3339(date))"
    case .expiring(let date): return "it expires at \(rfc3339(date))"
    case .revoked: return "it is revoked"
    case .otherAuthority(let name): return "it was issued by another authority, \(name)"
    case .otherKey(let was, let now): return "its key is \(was), and the fleet file says \(now)"
    case .otherRequest: return "the request has another key"
    case .otherSubject(let was, let now): return "its subject is \(was), and the fleet file says \(now)"
    case .otherNames(let missing, let surplus):
      let parts = [
        missing.isEmpty ? nil : "it lacks \(missing.joined(separator: ", "))",
        surplus.isEmpty ? nil : "it has \(surplus.joined(separator: ", ")) too many",
      ]
      return parts.compactMap { $0 }.joined(separator: "; ")
    case .otherProfile(let profile): return "it isn't good for what the profile \(profile.rawValue) says"
    }
  }

  package var isExpiry: Bool {
    switch self {
    case .expired, .expiring: true
    default: false
    }
  }
}

/// Holds what a node has against what the fleet file says of it.
package struct CredentialReview: Sendable {
  package var now: Date
  /// The issuers of the node's authority, whichever of them signed; none where it is elsewhere.
  package var issuers: [Certificate]
  package var isRevoked: Bool
  package var isAsked: Bool

  package init(now: Date, issuers: [Certificate], isRevoked: Bool = false, isAsked: Bool = false) {
    self.now = now
    self.issuers = issuers
    self.isRevoked = isRevoked
    self.isAsked = isAsked
  }

  /// - Parameter requested: the key of the request, for a node whose key is elsewhere.
  /// - Returns: nil where the node keeps what it has.
  package func reason(
    toReplace credential: NodeCredential?, of node: Node, requested: Certificate.PublicKey? = nil
  ) -> RenewalReason? {
    guard let credential else { return .missing }
    let leaf = credential.leaf
    if isAsked { return .asked }
    if isRevoked { return .revoked }
    if let requested {
      guard leaf.publicKey == requested else { return .otherRequest }
    } else if KeyKind(leaf.publicKey) != node.key {
      return .otherKey(was: leaf.publicKey.label, now: node.key.label)
    }
    if let reason = identityReason(leaf, node) { return reason }
    if !issuers.isEmpty, !issuers.contains(where: { isIssuer($0, of: leaf) }) {
      return .otherAuthority("\(leaf.issuer)")
    }
    if leaf.notValidAfter <= now { return .expired(leaf.notValidAfter) }
    let limit = now.addingTimeInterval(Double(node.renewBefore.components.seconds))
    return leaf.notValidAfter <= limit ? .expiring(leaf.notValidAfter) : nil
  }

  private func identityReason(_ leaf: Certificate, _ node: Node) -> RenewalReason? {
    guard leaf.subject.commonName == node.identity.commonName,
      node.identity.organization == nil || leaf.subject.organization == node.identity.organization
    else { return .otherSubject(was: "\(leaf.subject)", now: "\(node.identity.subject)") }
    let has = leaf.subjectNames
    let missing = node.identity.names.filter { !has.contains($0) }
    let surplus = has.filter { !node.identity.names.contains($0) }
    guard missing.isEmpty, surplus.isEmpty else {
      return .otherNames(missing: missing.map(\.description), surplus: surplus.map(\.description))
    }
    let usages = (try? leaf.extensions.extendedKeyUsage).flatMap { $0 } ?? ExtendedKeyUsage()
    return node.profile.extendedKeyUsages.allSatisfy { usages.contains($0) } ? nil : .otherProfile(node.profile)
  }

  private func isIssuer(_ issuer: Certificate, of leaf: Certificate) -> Bool {
    issuer.subject == leaf.issuer && issuer.publicKey.isValidSignature(leaf.signature, for: leaf)
  }
}

extension Certificate {
  /// The names of its subjectAltName that a node's certificate can carry.
  package var subjectNames: [SubjectName] {
    guard let names = try? extensions.subjectAlternativeNames else { return [] }
    return names.compactMap(SubjectName.init)
  }
}
