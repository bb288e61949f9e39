import SwiftASN1
package import X509

extension Certificate.Extensions {
  /// The extensions of a leaf (RFC 5280 §4.2): basicConstraints, keyUsage, extendedKeyUsage, both key identifiers
  /// and a subjectAltName where there is a name.
  static func leaf(
    profile: Profile, key: Certificate.PublicKey, names: [SubjectName], authorityKeyIdentifier: ArraySlice<UInt8>
  ) throws -> Certificate.Extensions {
    var list: [Certificate.Extension] = [
      try .init(BasicConstraints.notCertificateAuthority, critical: true),
      // RSA keys also encipher: TLS 1.2 peers may still choose an RSA key exchange.
      try .init(KeyUsage(digitalSignature: true, keyEncipherment: key.isRSA), critical: true),
      try .init(ExtendedKeyUsage(profile.extendedKeyUsages), critical: false),
      try .init(SubjectKeyIdentifier(hash: key), critical: false),
      try .init(AuthorityKeyIdentifier(keyIdentifier: authorityKeyIdentifier), critical: false),
    ]
    if !names.isEmpty {
      list.append(try .init(SubjectAlternativeNames(names.map(\.generalName)), critical: false))
    }
    return try Certificate.Extensions(list)
  }

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
