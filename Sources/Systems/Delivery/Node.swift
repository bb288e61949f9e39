package import Credentials
package import Formats
package import X509

/// A node of a system that needs a certificate.
package struct Node: Hashable, Sendable {
  /// Where its credentials come from.
  package enum Source: Hashable, Sendable {
    /// A key made here, and a certificate of the authority.
    case issued
    /// A key made here, and a certificate that vouches for itself.
    case selfSigned
    /// The key stays with another organisation, which sent a request (a path).
    case request(InputReference)
    /// Made elsewhere. Without a key, the node has it already.
    case given(certificate: InputReference, key: InputReference?)
  }

  /// The name of its folder below the system's, and of itself in messages.
  package var name: String
  package var identity: Identity
  package var profile: Profile
  package var key: KeyKind
  package var lifetime: Duration
  package var renewBefore: Duration
  package var source: Source
  /// Where it stands in the fleet file.
  package var place: YAMLTree.Place

  package init(
    _ name: String, identity: Identity, profile: Profile = .node, source: Source, defaults: FleetDefaults,
    place: YAMLTree.Place
  ) {
    self.name = name
    self.identity = identity
    self.profile = profile
    self.source = source
    key = defaults.key ?? .p256
    lifetime = defaults.lifetime
    renewBefore = defaults.renewBefore
    self.place = place
  }
}

/// What a node has, or will have, to prove who it is.
package struct NodeCredential: Sendable {
  /// The leaf, then its intermediates.
  package var chain: [Certificate]
  package var leaf: Certificate
  /// Nil where the key stays on the node.
  package var key: Certificate.PrivateKey?
  /// What its peers must trust: the root, or an issuer whose root isn't known.
  package var trust: [Certificate]

  package init(leaf: Certificate, intermediates: [Certificate], key: Certificate.PrivateKey?, trust: [Certificate]) {
    self.leaf = leaf
    chain = [leaf] + intermediates
    self.key = key
    self.trust = trust
  }
}

extension NodeCredential {
  /// Leaf and intermediates.
  package func chainPEM() throws(FormatError) -> String { try PEM.text(chain) }

  package func trustPEM() throws(FormatError) -> String { try PEM.text(trust) }

  /// PKCS#8, not encrypted; nil where the key isn't here.
  package func keyPEM() throws(FormatError) -> String? {
    guard let key else { return nil }
    return try KeyCoding.pem(key)
  }
}

extension PEM {
  package static func text(_ certificates: [Certificate]) throws(FormatError) -> String {
    var text = ""
    for certificate in certificates { text += try encode(certificate) }
    return text
  }
}
