import SwiftASN1

/// BER turned into DER, because files from Windows, NSS and smart cards have indefinite lengths and octet strings in
/// pieces (X.690 §8.1.3.6, §8.7.3).
enum BERNormalisation {
  /// DER as it is; BER with definite lengths and whole octet strings. No other rule of DER is enforced.
  static func der(from bytes: [UInt8]) throws -> [UInt8] {
    if let node = try? DER.parse(bytes), !hasConstructedOctetString(node) { return bytes }
    var serializer = DER.Serializer()
    try append(try BER.parse(bytes), to: &serializer)
    return serializer.serializedBytes
  }

  private static func hasConstructedOctetString(_ node: ASN1Node) -> Bool {
    guard let children = node.children else { return false }
    return node.identifier == .octetString || children.contains(where: hasConstructedOctetString)
  }

  private static func append(_ node: ASN1Node, to serializer: inout DER.Serializer) throws {
    if node.identifier == .octetString {
      try serializer.serialize(try ASN1OctetString(berEncoded: node))
      return
    }
    switch node.content {
    case .primitive(let content):
      serializer.appendPrimitiveNode(identifier: node.identifier) { $0.append(contentsOf: content) }
    case .constructed(let children):
      try serializer.appendConstructedNode(identifier: node.identifier) { serializer in
        for child in children { try append(child, to: &serializer) }
      }
    }
  }
}
