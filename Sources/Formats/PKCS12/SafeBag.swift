import SwiftASN1

/// RFC 7292 §4.2.
///
///     SafeBag ::= SEQUENCE {
///       bagId          OBJECT IDENTIFIER,
///       bagValue   [0] EXPLICIT ANY DEFINED BY bagId,
///       bagAttributes  SET OF PKCS12Attribute OPTIONAL }
///     PKCS12Attribute ::= SEQUENCE {
///       attrId      OBJECT IDENTIFIER,
///       attrValues  SET OF ANY }
struct SafeBag: DERParseable, DERSerializable {
  static let key: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 1]
  static let shroudedKey: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 2]
  static let certificate: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 3]

  var type: ASN1ObjectIdentifier
  var value: ASN1Any
  var attributes = Attributes()

  init(type: ASN1ObjectIdentifier, value: ASN1Any, attributes: Attributes) {
    self.type = type
    self.value = value
    self.attributes = attributes
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      let type = try ASN1ObjectIdentifier(derEncoded: &nodes)
      let value = try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
        ASN1Any(derEncoded: $0)
      }
      return SafeBag(type: type, value: value, attributes: try Attributes(nodes.next()))
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(type)
      try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { try $0.serialize(value) }
      try attributes.serialize(into: &coder)
    }
  }
}

extension SafeBag {
  /// The attributes that matter: RFC 2985 §5.5, and Java's mark on a certificate that it may trust.
  struct Attributes: Hashable {
    var friendlyName: String?
    var localKeyID: [UInt8]?
    var isTrustedByJava = false

    private static let friendlyNameOID: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 20]
    private static let localKeyOID: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 21]
    private static let trustedKeyUsageOID: ASN1ObjectIdentifier = [2, 16, 840, 1, 113894, 746875, 1, 1]
    private static let anyExtendedKeyUsage: ASN1ObjectIdentifier = [2, 5, 29, 37, 0]

    init(friendlyName: String? = nil, localKeyID: [UInt8]? = nil, isTrustedByJava: Bool = false) {
      self.friendlyName = friendlyName
      self.localKeyID = localKeyID
      self.isTrustedByJava = isTrustedByJava
    }

    /// Takes the elements of the set in any order, which not every writer sorts as DER says.
    init(_ set: ASN1Node?) throws {
      guard let set else { return }
      guard set.identifier == .set else { throw ASN1Error.unexpectedFieldType(set.identifier) }
      for attribute in set.children ?? [] {
        guard let parts = attribute.children, parts.count >= 2, let value = parts[1].children?.first else { continue }
        switch try ASN1ObjectIdentifier(derEncoded: parts[0]) {
        case Self.friendlyNameOID:
          if case .primitive(let content) = value.content { friendlyName = BMPString.decode(Array(content)) }
        case Self.localKeyOID:
          localKeyID = Array(try ASN1OctetString(derEncoded: value).bytes)
        case Self.trustedKeyUsageOID:
          isTrustedByJava = true
        default: break
        }
      }
    }

    func serialize(into coder: inout DER.Serializer) throws {
      var all: [ASN1Any] = []
      if let friendlyName {
        all.append(try Self.attribute(Self.friendlyNameOID, BMPString(friendlyName)))
      }
      if let localKeyID {
        all.append(try Self.attribute(Self.localKeyOID, ASN1OctetString(contentBytes: localKeyID[...])))
      }
      if isTrustedByJava {
        all.append(try Self.attribute(Self.trustedKeyUsageOID, Self.anyExtendedKeyUsage))
      }
      if !all.isEmpty { try coder.serializeSetOf(all) }
    }

    private static func attribute(_ type: ASN1ObjectIdentifier, _ value: some DERSerializable) throws -> ASN1Any {
      var serializer = DER.Serializer()
      try serializer.appendConstructedNode(identifier: .sequence) { coder in
        try coder.serialize(type)
        try coder.serializeSetOf([ASN1Any(erasing: value)])
      }
      return try ASN1Any(derEncoded: serializer.serializedBytes)
    }
  }
}

/// RFC 7292 §4.2.3.
///
///     CertBag ::= SEQUENCE {
///       certId         OBJECT IDENTIFIER,
///       certValue  [0] EXPLICIT ANY DEFINED BY certId }     -- x509Certificate: OCTET STRING
struct CertBag: DERParseable, DERSerializable {
  private static let x509: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 22, 1]

  /// Nil for other kinds of certificates.
  var certificate: [UInt8]?

  init(certificate: [UInt8]) {
    self.certificate = certificate
  }

  init(derEncoded node: ASN1Node) throws {
    certificate = try DER.sequence(node, identifier: .sequence) { nodes in
      let type = try ASN1ObjectIdentifier(derEncoded: &nodes)
      return try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { value in
        type == Self.x509 ? Array(try ASN1OctetString(derEncoded: value).bytes) : nil
      }
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(Self.x509)
      try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
        try coder.serialize(ASN1OctetString(contentBytes: (certificate ?? [])[...]))
      }
    }
  }
}

/// A string of 16-bit units, most significant byte first (X.680 §41).
struct BMPString: DERSerializable {
  var bytes: [UInt8]

  init(_ string: String) {
    bytes = Self.encode(string)
  }

  func serialize(into coder: inout DER.Serializer) throws {
    coder.appendPrimitiveNode(identifier: ASN1Identifier(tagWithNumber: 30, tagClass: .universal)) { $0 += bytes }
  }

  static func encode(_ string: String) -> [UInt8] {
    string.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
  }

  static func decode(_ bytes: [UInt8]) -> String {
    let units = stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).map { index in
      UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
    }
    return String(decoding: units, as: UTF16.self)
  }
}
