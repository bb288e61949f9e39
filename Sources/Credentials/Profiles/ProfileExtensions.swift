import SwiftASN1
package import X509

/// The extensions of an issuer's leaves (RFC 5280 §4.2): basicConstraints, keyUsage, extendedKeyUsage, both key
/// identifiers and a subjectAltName where there is a name. Those that all leaves share are encoded once.
struct LeafExtensions: Sendable {
  private struct Variant: Hashable {
    var profile: Profile
    var isRSA: Bool
  }

  /// basicConstraints, keyUsage and extendedKeyUsage.
  private let usage: [Variant: [Certificate.Extension]]
  private let encodedUsage: [Variant: [UInt8]]
  /// What says who the issuer is and where it publishes.
  private let issuer: [Certificate.Extension]
  private let encodedIssuer: [UInt8]

  init(authorityKeyIdentifier: ArraySlice<UInt8>, distribution: Distribution? = nil) throws {
    let basicConstraints = try Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true)
    var usage: [Variant: [Certificate.Extension]] = [:]
    for profile in Profile.allCases {
      let purposes = try Certificate.Extension(ExtendedKeyUsage(profile.extendedKeyUsages), critical: false)
      for isRSA in [false, true] {
        // RSA keys also encipher: TLS 1.2 peers may still choose an RSA key exchange.
        let keyUsage = KeyUsage(digitalSignature: true, keyEncipherment: isRSA)
        usage[Variant(profile: profile, isRSA: isRSA)] = [
          basicConstraints, try .init(keyUsage, critical: true), purposes,
        ]
      }
    }
    self.usage = usage
    encodedUsage = try usage.mapValues(Self.encode)
    let authority = AuthorityKeyIdentifier(keyIdentifier: authorityKeyIdentifier)
    issuer = [try .init(authority, critical: false)] + (try distribution?.extensions ?? [])
    encodedIssuer = try Self.encode(issuer)
  }

  func extensions(
    _ profile: Profile, isRSA: Bool, names: [SubjectName], keyIdentifier: SubjectKeyIdentifier
  ) throws -> [Certificate.Extension] {
    var list = usage[Variant(profile: profile, isRSA: isRSA)] ?? []
    list.append(try .init(keyIdentifier, critical: false))
    list += issuer
    if !names.isEmpty {
      list.append(try .init(SubjectAlternativeNames(names.map(\.generalName)), critical: false))
    }
    return list
  }

  /// The same, one after the other, DER.
  func encoded(
    _ profile: Profile, isRSA: Bool, names: [SubjectName], keyIdentifier: SubjectKeyIdentifier
  ) throws -> [UInt8] {
    var own = DER.Serializer()
    try own.serialize(Certificate.Extension(keyIdentifier, critical: false))
    var bytes = (encodedUsage[Variant(profile: profile, isRSA: isRSA)] ?? []) + own.serializedBytes + encodedIssuer
    if !names.isEmpty {
      var last = DER.Serializer()
      try last.serialize(Certificate.Extension(SubjectAlternativeNames(names.map(\.generalName)), critical: false))
      bytes += last.serializedBytes
    }
    return bytes
  }

  private static func encode(_ list: [Certificate.Extension]) throws -> [UInt8] {
    var serializer = DER.Serializer()
    for ext in list { try serializer.serialize(ext) }
    return serializer.serializedBytes
  }
}

extension Certificate.Extensions {
  /// The extensions of a CA certificate (RFC 5280 §4.2): CA:TRUE with its path length, keyCertSign and cRLSign,
  /// key identifiers and the name constraints, where there are any.
  static func authority(
    key: Certificate.PublicKey, authorityKeyIdentifier: ArraySlice<UInt8>, maxPathLength: Int?,
    nameConstraints: NameConstraints?
  ) throws -> Certificate.Extensions {
    var list: [Certificate.Extension] = [
      try .init(BasicConstraints.isCertificateAuthority(maxPathLength: maxPathLength), critical: true),
      try .init(KeyUsage(keyCertSign: true, cRLSign: true), critical: true),
      try .init(SubjectKeyIdentifier(hash: key), critical: false),
      try .init(AuthorityKeyIdentifier(keyIdentifier: authorityKeyIdentifier), critical: false),
    ]
    if let nameConstraints {
      list.append(try .init(nameConstraints, critical: true))
    }
    return try Certificate.Extensions(list)
  }
}

extension Certificate {
  /// What its own children name in their authorityKeyIdentifier: its subjectKeyIdentifier, or, for a certificate
  /// without one, the hash that RFC 5280 §4.2.1.2 method 1 gives.
  package var keyIdentifierForChildren: ArraySlice<UInt8> {
    if let identifier = try? extensions.subjectKeyIdentifier { return identifier.keyIdentifier }
    return SubjectKeyIdentifier(hash: publicKey).keyIdentifier
  }
}
