import SwiftASN1

/// SEC 1, an elliptic-curve key as `openssl ecparam -genkey` writes it (RFC 5915 §3).
///
///     ECPrivateKey ::= SEQUENCE {
///       version         INTEGER { ecPrivkeyVer1(1) },
///       privateKey      OCTET STRING,
///       parameters  [0] ECParameters OPTIONAL,
///       publicKey   [1] BIT STRING OPTIONAL }
struct ECPrivateKey: DERImplicitlyTaggable {
  static var defaultIdentifier: ASN1Identifier { .sequence }

  var privateKey: [UInt8]
  var curve: ASN1ObjectIdentifier?
  /// The uncompressed point.
  var publicKey: [UInt8]?

  init(privateKey: [UInt8], curve: ASN1ObjectIdentifier?, publicKey: [UInt8]?) {
    self.privateKey = privateKey
    self.curve = curve
    self.publicKey = publicKey
  }

  init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
    self = try DER.sequence(node, identifier: identifier) { nodes in
      let version = try Int(derEncoded: &nodes)
      guard version == 1 else { throw FormatError.unsupported("SEC 1 version \(version)") }
      let privateKey = try ASN1OctetString(derEncoded: &nodes)
      let curve = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { node in
        guard node.identifier == .objectIdentifier else {
          throw FormatError.unsupported("an elliptic curve given by explicit parameters")
        }
        return try ASN1ObjectIdentifier(derEncoded: node)
      }
      let publicKey = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 1, tagClass: .contextSpecific) { node in
        Array(try ASN1BitString(derEncoded: node).bytes)
      }
      return ECPrivateKey(privateKey: Array(privateKey.bytes), curve: curve, publicKey: publicKey)
    }
  }

  func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
    try coder.appendConstructedNode(identifier: identifier) { coder in
      try coder.serialize(1)
      try coder.serialize(ASN1OctetString(contentBytes: privateKey[...]))
      if let curve { try coder.serialize(curve, explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) }
      if let publicKey {
        try coder.serialize(
          ASN1BitString(bytes: publicKey[...]), explicitlyTaggedWithTagNumber: 1, tagClass: .contextSpecific)
      }
    }
  }
}
