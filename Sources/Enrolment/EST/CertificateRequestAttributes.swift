package import Credentials
import SwiftASN1

/// What the server wants to see in a request: the answer of csrattrs.
///
///     CsrAttrs ::= SEQUENCE SIZE (0..MAX) OF AttrOrOID
///     AttrOrOID ::= CHOICE { oid OBJECT IDENTIFIER, attribute Attribute }    (RFC 8951 §4)
package struct CertificateRequestAttributes: Hashable, Sendable {
  /// The kind of key that the policy wants; nil where it leaves the choice.
  package var key: KeyKind?

  package init(key: KeyKind? = nil) { self.key = key }

  /// What a policy asks of requests for a profile: a kind of key that every rule takes which may decide on them, where
  /// none leaves it open. Who asks isn't known yet, so a key that only some of the rules take would mislead the others.
  package init(policy: IssuancePolicy, profile: Profile) {
    let rules = policy.rules.filter { rule in
      (rule.profiles?.contains(profile) ?? true) && (rule.admissions?.contains(where: \.isByEST) ?? true)
    }
    let allowed = rules.compactMap(\.keys)
    let isDecided = !rules.isEmpty && allowed.count == rules.count
    key = isDecided ? KeyKind.allCases.first { kind in allowed.allSatisfy { $0.contains(kind) } } : nil
  }

  package var isEmpty: Bool { key == nil }

  /// DER.
  package func encode() throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { list in
      switch key {
      case nil: break
      case .ed25519: try list.serialize(Identifier.ed25519)
      case .p256: try Self.append(Identifier.ecPublicKey, Identifier.p256, to: &list)
      case .p384: try Self.append(Identifier.ecPublicKey, Identifier.p384, to: &list)
      case .p521: try Self.append(Identifier.ecPublicKey, Identifier.p521, to: &list)
      case .rsa2048: try Self.append(Identifier.rsaEncryption, 2048, to: &list)
      case .rsa3072: try Self.append(Identifier.rsaEncryption, 3072, to: &list)
      case .rsa4096: try Self.append(Identifier.rsaEncryption, 4096, to: &list)
      }
    }
    return serializer.serializedBytes
  }

  private static func append(
    _ type: ASN1ObjectIdentifier, _ value: some DERSerializable, to list: inout DER.Serializer
  ) throws {
    try list.appendConstructedNode(identifier: .sequence) { attribute in
      try attribute.serialize(type)
      try attribute.appendConstructedNode(identifier: .set) { try $0.serialize(value) }
    }
  }

  private enum Identifier {
    static let ecPublicKey: ASN1ObjectIdentifier = [1, 2, 840, 10045, 2, 1]
    static let p256: ASN1ObjectIdentifier = [1, 2, 840, 10045, 3, 1, 7]
    static let p384: ASN1ObjectIdentifier = [1, 3, 132, 0, 34]
    static let p521: ASN1ObjectIdentifier = [1, 3, 132, 0, 35]
    static let rsaEncryption: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 1]
    static let ed25519: ASN1ObjectIdentifier = [1, 3, 101, 112]
  }
}

extension AdmissionKind {
  /// Whether a request that comes over EST can be let in like this.
  fileprivate var isByEST: Bool {
    switch self {
    case .token, .password, .approval, .partner, .renewal: true
    // A late renewal has an address of its own, because the connection can't prove an expired certificate.
    case .desk, .operator, .lateRenewal, .service: false
    }
  }
}
