import SwiftASN1

/// RFC 7292 §4.
///
///     PFX ::= SEQUENCE {
///       version   INTEGER { v3(3) },
///       authSafe  ContentInfo,
///       macData   MacData OPTIONAL }
struct PFX: DERParseable, DERSerializable {
  var authSafe: ContentInfo
  var macData: MacData?

  init(authSafe: ContentInfo, macData: MacData?) {
    self.authSafe = authSafe
    self.macData = macData
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      let version = try Int(derEncoded: &nodes)
      guard version == 3 else { throw FormatError.unsupported("PKCS#12 version \(version)") }
      let authSafe = try ContentInfo(derEncoded: try nodes.require())
      return PFX(authSafe: authSafe, macData: try nodes.next().map { try MacData(derEncoded: $0) })
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(3)
      try coder.serialize(authSafe)
      if let macData { try coder.serialize(macData) }
    }
  }
}

/// RFC 7292 §4. The digest is an authentication code.
///
///     MacData ::= SEQUENCE {
///       mac         SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING },
///       macSalt     OCTET STRING,
///       iterations  INTEGER DEFAULT 1 }
struct MacData: DERParseable, DERSerializable {
  var algorithm: AlgorithmIdentifier
  var digest: [UInt8]
  var salt: [UInt8]
  var iterations: Int

  init(algorithm: AlgorithmIdentifier, digest: [UInt8], salt: [UInt8], iterations: Int) {
    self.algorithm = algorithm
    self.digest = digest
    self.salt = salt
    self.iterations = iterations
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      let (algorithm, digest) = try DER.sequence(try nodes.require(), identifier: .sequence) { nodes in
        (try AlgorithmIdentifier(derEncoded: &nodes), Array(try ASN1OctetString(derEncoded: &nodes).bytes))
      }
      let salt = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
      let iterations = try nodes.next().map { try Int(derEncoded: $0) } ?? 1
      return MacData(algorithm: algorithm, digest: digest, salt: salt, iterations: iterations)
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.appendConstructedNode(identifier: .sequence) { coder in
        try coder.serialize(algorithm)
        try coder.serialize(ASN1OctetString(contentBytes: digest[...]))
      }
      try coder.serialize(ASN1OctetString(contentBytes: salt[...]))
      try coder.serialize(iterations)
    }
  }
}

/// PKCS#7 (RFC 2315 §7).
///
///     ContentInfo ::= SEQUENCE {
///       contentType  OBJECT IDENTIFIER,
///       content  [0] EXPLICIT ANY DEFINED BY contentType OPTIONAL }
struct ContentInfo: DERParseable, DERSerializable {
  static let data: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 1]
  static let encryptedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 6]

  var type: ASN1ObjectIdentifier
  var content: ASN1Any

  init(type: ASN1ObjectIdentifier, content: ASN1Any) {
    self.type = type
    self.content = content
  }

  /// Plain data.
  init(data: [UInt8]) throws {
    self.init(type: Self.data, content: try ASN1Any(erasing: ASN1OctetString(contentBytes: data[...])))
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      let type = try ASN1ObjectIdentifier(derEncoded: &nodes)
      let content = try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
        ASN1Any(derEncoded: $0)
      }
      return ContentInfo(type: type, content: content)
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(type)
      try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { try $0.serialize(content) }
    }
  }
}

/// PKCS#7 (RFC 2315 §13, §10.1).
///
///     EncryptedData ::= SEQUENCE {
///       version               INTEGER,
///       encryptedContentInfo  SEQUENCE {
///         contentType                 OBJECT IDENTIFIER,
///         contentEncryptionAlgorithm  AlgorithmIdentifier,
///         encryptedContent        [0] IMPLICIT OCTET STRING OPTIONAL } }
struct EncryptedData: DERParseable, DERSerializable {
  private static let contentTag = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)

  var algorithm: AlgorithmIdentifier
  var ciphertext: [UInt8]

  init(algorithm: AlgorithmIdentifier, ciphertext: [UInt8]) {
    self.algorithm = algorithm
    self.ciphertext = ciphertext
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      _ = try Int(derEncoded: &nodes)
      let encrypted = try DER.sequence(try nodes.require(), identifier: .sequence) { nodes in
        _ = try ASN1ObjectIdentifier(derEncoded: &nodes)
        let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
        let content = try nodes.require()
        guard content.identifier == Self.contentTag else { throw ASN1Error.unexpectedFieldType(content.identifier) }
        return EncryptedData(algorithm: algorithm, ciphertext: try Self.octets(of: content))
      }
      nodes.skipRest()
      return encrypted
    }
  }

  /// BER may give an implicitly tagged string in pieces.
  private static func octets(of node: ASN1Node) throws -> [UInt8] {
    switch node.content {
    case .primitive(let content): Array(content)
    case .constructed(let pieces): try pieces.flatMap { try ASN1OctetString(berEncoded: $0).bytes }
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(0)
      try coder.appendConstructedNode(identifier: .sequence) { coder in
        try coder.serialize(ContentInfo.data)
        try coder.serialize(algorithm)
        coder.appendPrimitiveNode(identifier: Self.contentTag) { $0.append(contentsOf: ciphertext) }
      }
    }
  }
}
