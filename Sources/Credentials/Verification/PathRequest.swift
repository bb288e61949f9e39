package import Foundation
package import X509

/// The question that ``verify(_:)`` answers: is this certificate to be believed, for this purpose, at this time?
package struct PathRequest: Sendable {
  package var leaf: CertificateInput
  /// Certificates that may lie between leaf and trust; order and surplus don't matter.
  package var intermediates: [CertificateInput]
  /// The trust bundle: the authorities that are believed without proof.
  package var trust: [CertificateInput]
  /// The leaf's part in a TLS handshake; nil asks for none.
  package var purpose: Purpose?
  /// Extended key usages that the leaf must allow besides those of the purpose.
  package var usages: [ExtendedKeyUsage.Usage] = []
  /// The key usages that the leaf must assert when it has the extension.
  package var keyUsages: [RequiredKeyUsage] = []
  /// The names that the leaf must have, each of them; none asks for none.
  package var names: [ReferenceName] = []
  /// Revocation lists. With at least one, the leaf's status must be known; see ``RevocationStatus``.
  package var revocationLists: [CertificateRevocationList] = []
  /// Whether a list still counts after its nextUpdate: for those who would rather go on with old news than stop.
  package var acceptsExpiredLists = false
  package var time: Date
  /// The most intermediates between leaf and trust, self-issued ones not counted (as pathLenConstraint counts).
  package var maxPathLength: Int?
  package var rules: RuleSet
  package var limits = SearchLimits()

  package init(
    leaf: CertificateInput, intermediates: [CertificateInput] = [], trust: [CertificateInput], at time: Date,
    purpose: Purpose? = nil, name: ReferenceName? = nil, rules: RuleSet = .rfc5280
  ) {
    self.leaf = leaf
    self.intermediates = intermediates
    self.trust = trust
    self.time = time
    self.purpose = purpose
    self.names = name.map { [$0] } ?? []
    self.rules = rules
  }
}

/// The leaf's part in a TLS handshake.
package enum Purpose: String, Hashable, Sendable, Codable, CaseIterable {
  case server
  case client

  package var usage: ExtendedKeyUsage.Usage { self == .server ? .serverAuth : .clientAuth }
}

/// Which reading of the profile decides.
package enum RuleSet: String, Hashable, Sendable, Codable, CaseIterable {
  /// RFC 5280 as written.
  case rfc5280
  /// The browsers' stricter reading (CA/Browser Forum baseline requirements): EKU required and exact, SAN required.
  case webpki
}

/// One bit of the keyUsage extension (RFC 5280 §4.2.1.3).
package enum RequiredKeyUsage: String, Hashable, Sendable, Codable, CaseIterable {
  case digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement
  case keyCertSign, cRLSign, encipherOnly, decipherOnly

  func isAsserted(in usage: KeyUsage) -> Bool {
    switch self {
    case .digitalSignature: usage.digitalSignature
    case .nonRepudiation: usage.nonRepudiation
    case .keyEncipherment: usage.keyEncipherment
    case .dataEncipherment: usage.dataEncipherment
    case .keyAgreement: usage.keyAgreement
    case .keyCertSign: usage.keyCertSign
    case .cRLSign: usage.cRLSign
    case .encipherOnly: usage.encipherOnly
    case .decipherOnly: usage.decipherOnly
    }
  }
}

/// What one verification may cost, whatever certificates a peer sends.
package struct SearchLimits: Hashable, Sendable {
  /// Certificates between leaf and trust, self-issued ones included.
  package var depth = 16
  /// Those that show that a certificate is self-signed are among them; those of revocation lists aren't.
  package var signatureChecks = 100
  /// Candidates looked at, whether or not a signature was checked.
  package var steps = 2_000
  /// Comparisons of a name with a constraint, over all paths.
  package var nameComparisons = 250_000

  package init() {}
}
