import SwiftASN1

/// PKCS#8, a private key of any algorithm (RFC 5208 §5, RFC 5958 §2).
///
///     OneAsymmetricKey ::= SEQUENCE {
///       version              INTEGER { v1(0), v2(1) },
///       privateKeyAlgorithm  AlgorithmIdentifier,
///       privateKey           OCTET STRING,
///       attributes       [0] Attributes OPTIONAL,
///       publicKey        [1] BIT STRING OPTIONAL }
struct PrivateKeyInfo: DERImplicitlyTaggable, Hashable {
  static var defaultIdentifier: ASN1Identifier { .sequence }

  var algorithm: AlgorithmIdentifier
  var privateKey: [UInt8]

  init(algorithm: AlgorithmIdentifier, privateKey: [UInt8]) {
    self.algorithm = algorithm
    self.privateKey = privateKey
  }

  init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
    self = try DER.sequence(node, identifier: identifier) { nodes in
      let version = try Int(derEncoded: &nodes)
      guard version == 0 || version == 1 else { throw FormatError.unsupported("PKCS#8 version \(version)") }
      let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
      let privateKey = try ASN1OctetString(derEncoded: &nodes)
      nodes.skipRest()
      return PrivateKeyInfo(algorithm: algorithm, privateKey: Array(privateKey.bytes))
    }
  }

  func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
    try coder.appendConstructedNode(identifier: identifier) { coder in
      try coder.serialize(0)
      try coder.serialize(algorithm)
      try coder.serialize(ASN1OctetString(contentBytes: privateKey[...]))
    }
  }
}

/// RFC 5958 §3.
///
///     EncryptedPrivateKeyInfo ::= SEQUENCE {
///       encryptionAlgorithm  AlgorithmIdentifier,
///       encryptedData        OCTET STRING }
struct EncryptedPrivateKeyInfo: DERImplicitlyTaggable, Hashable {
  static var defaultIdentifier: ASN1Identifier { .sequence }

  var algorithm: AlgorithmIdentifier
  var encryptedData: [UInt8]

  init(algorithm: AlgorithmIdentifier, encryptedData: [UInt8]) {
    self.algorithm = algorithm
    self.encryptedData = encryptedData
  }

  init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
    self = try DER.sequence(node, identifier: identifier) { nodes in
      EncryptedPrivateKeyInfo(
        algorithm: try AlgorithmIdentifier(derEncoded: &nodes),
        encryptedData: Array(try ASN1OctetString(derEncoded: &nodes).bytes))
    }
  }

  func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
    try coder.appendConstructedNode(identifier: identifier) { coder in
      try coder.serialize(algorithm)
      try coder.serialize(ASN1OctetString(contentBytes: encryptedData[...]))
    }
  }
}
