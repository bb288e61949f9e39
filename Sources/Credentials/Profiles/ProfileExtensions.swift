import SwiftASN1
package import X509

/// The extensions of an issuer's leaves (RFC 5280 §4.2): basicConstraints, keyUsage, extendedKeyUsage, both key
/// identifiers and a subjectAltName where there is a name. Those that all leaves share are encoded once.
struct LeafExtensions: Sendable {
  private let basicConstraints: Certificate.Extension
  private let keyUsage: Certificate.Extension
  private let rsaKeyUsage: Certificate.Extension
  private let extendedKeyUsages: [Profile: Certificate.Extension]
  private let authorityKeyIdentifier: Certificate.Extension

  init(authorityKeyIdentifier: ArraySlice<UInt8>) throws {
    basicConstraints = try .init(BasicConstraints.notCertificateAuthority, critical: true)
    keyUsage = try .init(KeyUsage(digitalSignature: true), critical: true)
    // RSA keys also encipher: TLS 1.2 peers may still choose an RSA key exchange.
    rsaKeyUsage = try .init(KeyUsage(digitalSignature: true, keyEncipherment: true), critical: true)
    var usages: [Profile: Certificate.Extension] = [:]
    for profile in Profile.allCases {
      usages[profile] = try .init(ExtendedKeyUsage(profile.extendedKeyUsages), critical: false)
    }
    extendedKeyUsages = usages
    self.authorityKeyIdentifier = try .init(
      AuthorityKeyIdentifier(keyIdentifier: authorityKeyIdentifier), critical: false)
  }

  func extensions(
    _ profile: Profile, isRSA: Bool, names: [SubjectName], keyIdentifier: SubjectKeyIdentifier
  ) throws -> [Certificate.Extension] {
    var list = [basicConstraints, isRSA ? rsaKeyUsage : keyUsage]
    if let usages = extendedKeyUsages[profile] { list.append(usages) }
    list.append(try .init(keyIdentifier, critical: false))
    list.append(authorityKeyIdentifier)
    if !names.isEmpty {
      list.append(try .init(SubjectAlternativeNames(names.map(\.generalName)), critical: false))
    }
    return list
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
