import SwiftASN1
import X509

/// Whether the subject is a certificate authority, and how many may follow it (RFC 5280 §4.2.1.9).
///
///     BasicConstraints ::= SEQUENCE {
///         cA                      BOOLEAN DEFAULT FALSE,
///         pathLenConstraint       INTEGER (0..MAX) OPTIONAL }
struct BasicConstraintsValue: Hashable, Sendable {
  var critical: Bool
  var isAuthority: Bool
  var pathLength: Int?

  init(_ ext: Certificate.Extension) throws {
    critical = ext.critical
    let root = try DER.parse(ext.value)
    (isAuthority, pathLength) = try DER.sequence(root, identifier: .sequence) { nodes in
      let isAuthority = try DER.decodeDefault(&nodes, defaultValue: false)
      let pathLength: Int? = try DER.optionalImplicitlyTagged(&nodes)
      return (isAuthority, pathLength)
    }
    guard (pathLength ?? 0) >= 0 else { throw ASN1Error.invalidASN1Object(reason: "negative path length") }
  }
}
