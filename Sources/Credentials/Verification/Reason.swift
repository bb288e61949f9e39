package import Foundation

/// One reason to reject a certificate or a path. The code is stable; the message names the values.
package enum Reason: Hashable, Sendable {
  // The certificate as a document.
  case malformed(String)
  /// What the algorithm is for, and its object identifier.
  case unsupportedAlgorithm(String, String)
  case unsupportedVersion(Int)
  case duplicateExtension
  case serialNumber(String)
  case signatureAlgorithmMismatch
  case weakAlgorithm(String)
  case weakKey(String)
  case criticalExtension(String)
  /// An extension that is missing, or that the profile forbids in this place or form.
  case profile(String, section: String)
  // The certificate in time and in the chain.
  case notYetValid(Date, at: Date)
  case expired(Date, at: Date)
  case notAnAuthority
  case keyUsage(missing: String)
  case extendedKeyUsage(required: String, present: [String])
  case unknownIssuer(String)
  case untrustedSelfSigned
  case badSignature(issuer: String)
  case pathLength(limit: Int)
  case pathTooLong(limit: Int)
  case nameConstraint(name: String, permitted: [String])
  case excludedName(name: String, by: String)
  case unsupportedConstraint(form: String)
  case malformedConstraint(String)
  case policy
  case searchLimit(String)
  // The certificate and its peer.
  case nameMismatch(expected: String, presented: [String])
  // Revocation.
  case revoked(Date, RevocationReason?)
  case revocationUnknown(issuer: String)
  case revocationListUnusable(String)
}

extension Reason {
  /// Stable and machine-readable.
  package var code: String {
    switch self {
    case .malformed: "malformed"
    case .unsupportedAlgorithm: "unsupported-algorithm"
    case .unsupportedVersion: "unsupported-version"
    case .duplicateExtension: "duplicate-extension"
    case .serialNumber: "serial-number"
    case .signatureAlgorithmMismatch: "signature-algorithm-mismatch"
    case .weakAlgorithm: "weak-algorithm"
    case .weakKey: "weak-key"
    case .criticalExtension: "critical-extension"
    case .profile: "profile"
    case .notYetValid: "not-yet-valid"
    case .expired: "expired"
    case .notAnAuthority: "not-an-authority"
    case .keyUsage: "key-usage"
    case .extendedKeyUsage: "extended-key-usage"
    case .unknownIssuer: "unknown-issuer"
    case .untrustedSelfSigned: "untrusted-self-signed"
    case .badSignature: "bad-signature"
    case .pathLength: "path-length"
    case .pathTooLong: "path-too-long"
    case .nameConstraint: "name-constraint"
    case .excludedName: "excluded-name"
    case .unsupportedConstraint: "unsupported-constraint"
    case .malformedConstraint: "malformed-constraint"
    case .policy: "policy"
    case .searchLimit: "search-limit"
    case .nameMismatch: "name-mismatch"
    case .revoked: "revoked"
    case .revocationUnknown: "revocation-unknown"
    case .revocationListUnusable: "revocation-list-unusable"
    }
  }

  /// Where the rule stands.
  package var section: String {
    switch self {
    case .malformed: "RFC 5280 §4.1"
    case .unsupportedAlgorithm: "RFC 5280 §4.1.1.2"
    case .unsupportedVersion: "RFC 5280 §4.1.2.1"
    case .duplicateExtension, .criticalExtension: "RFC 5280 §4.2"
    case .serialNumber: "RFC 5280 §4.1.2.2"
    case .signatureAlgorithmMismatch: "RFC 5280 §4.1.1.2"
    case .weakAlgorithm, .weakKey: "NIST SP 800-131A"
    case .profile(_, let section): section
    case .notYetValid, .expired: "RFC 5280 §6.1.3"
    case .notAnAuthority, .keyUsage(missing: "keyCertSign"): "RFC 5280 §6.1.4"
    case .keyUsage: "RFC 5280 §4.2.1.3"
    case .extendedKeyUsage: "RFC 5280 §4.2.1.12"
    case .unknownIssuer, .untrustedSelfSigned, .badSignature: "RFC 5280 §6.1.3"
    case .pathLength, .pathTooLong: "RFC 5280 §4.2.1.9"
    case .nameConstraint, .excludedName, .unsupportedConstraint, .malformedConstraint: "RFC 5280 §4.2.1.10"
    case .policy: "RFC 5280 §6.1.5"
    case .searchLimit: "RFC 4158 §2.4"
    case .nameMismatch: "RFC 9525 §6"
    case .revoked, .revocationUnknown, .revocationListUnusable: "RFC 5280 §6.3.3"
    }
  }
}

extension Reason: Encodable {
  private enum CodingKeys: String, CodingKey { case code, message, section }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(code, forKey: .code)
    try container.encode(message, forKey: .message)
    try container.encode(section, forKey: .section)
  }
}
