import SwiftASN1
package import X509

/// A distinguished name in the form in which two of them are compared (RFC 5280 §7.1): without regard to case,
/// to white space around and repeated inside values, or to the string type that holds them.
package struct NormalizedName: Hashable, Sendable {
  private enum Value: Hashable, Sendable, Comparable {
    case text(String)
    case der([UInt8])

    static func < (left: Value, right: Value) -> Bool {
      switch (left, right) {
      case (.text(let left), .text(let right)): left < right
      case (.der(let left), .der(let right)): left.lexicographicallyPrecedes(right)
      case (.text, .der): true
      case (.der, .text): false
      }
    }
  }

  private struct Attribute: Hashable, Sendable {
    var type: ASN1ObjectIdentifier
    var value: Value
  }

  private var sequence: [[Attribute]]

  package init(_ name: DistinguishedName) {
    sequence = name.map { rdn in
      let attributes = rdn.map { Attribute(type: $0.type, value: Self.normalize($0.value)) }
      guard attributes.count > 1 else { return attributes }
      // A SET has no order of its own.
      let described = attributes.map { (type: $0.type.description, attribute: $0) }
      return described.sorted { ($0.type, $0.attribute.value) < ($1.type, $1.attribute.value) }.map(\.attribute)
    }
  }

  /// Whether this name is the other one or stands below it in the tree: a directoryName constraint's test.
  package func isWithin(_ subtree: NormalizedName) -> Bool { sequence.starts(with: subtree.sequence) }

  private static func normalize(_ value: RelativeDistinguishedName.Attribute.Value) -> Value {
    if let text = String(value) { return .text(normalize(text)) }
    let any = ASN1Any(value)
    guard let text = bmpString(any) else {
      var serializer = DER.Serializer()
      // Re-encoding bytes that were decoded doesn't fail; were it to, an empty value equals no real one.
      try? serializer.serialize(any)
      return .der(serializer.serializedBytes)
    }
    return .text(normalize(text))
  }

  private static func normalize(_ text: String) -> String {
    folded(text) ?? text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Nearly all names are ASCII, for which no Unicode properties need to be looked up; nil for others.
  private static func folded(_ text: String) -> String? {
    var folded: [UInt8] = []
    folded.reserveCapacity(text.utf8.count)
    var pendingSpace = false
    for byte in text.utf8 {
      switch byte {
      case 0x80...: return nil
      case 0x09...0x0d, 0x20: pendingSpace = !folded.isEmpty
      default:
        if pendingSpace { folded.append(0x20) }
        pendingSpace = false
        folded.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
      }
    }
    return String(decoding: folded, as: UTF8.self)
  }

  private static func bmpString(_ any: ASN1Any) -> String? {
    (try? ASN1BMPString(asn1Any: any)).map { String(decoding: utf16(Array($0.bytes)), as: UTF16.self) }
  }

  private static func utf16(_ bytes: [UInt8]) -> [UInt16] {
    stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
  }
}
