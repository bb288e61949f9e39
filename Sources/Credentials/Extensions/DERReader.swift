/// Walks the tag-length-value elements of DER without building a tree of them.
///
/// `Certificate` and swift-asn1 decode whole structures; this reads the few fields that they don't hand out
/// (the inner signature algorithm, the serial number's sign) and steps through lists that may be long.
struct DERReader {
  struct Element {
    var tag: UInt8
    /// Tag, length and content.
    var encoded: ArraySlice<UInt8>
    var content: ArraySlice<UInt8>
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  /// The tag of the next element, without reading it.
  var nextTag: UInt8? { rest.first }

  /// Reads the next element; nil at the end, and where the bytes aren't definite-length DER with one-octet tags.
  mutating func next() -> Element? {
    let start = rest.startIndex
    guard rest.count >= 2, rest[start] & 0x1f != 0x1f else { return nil }
    let first = rest[start + 1]
    var header = 2
    var length = Int(first)
    if first >= 0x80 {
      let octets = Int(first & 0x7f)
      guard (1...4).contains(octets), rest.count >= 2 + octets else { return nil }
      length = rest[(start + 2)..<(start + 2 + octets)].reduce(0) { $0 << 8 | Int($1) }
      // DER: the shortest form of a length is the only one.
      guard length >= 0x80, length >> (8 * (octets - 1)) != 0 else { return nil }
      header += octets
    }
    guard rest.count - header >= length else { return nil }
    let element = Element(
      tag: rest[start], encoded: rest[start..<(start + header + length)],
      content: rest[(start + header)..<(start + header + length)])
    rest = rest[element.encoded.endIndex...]
    return element
  }

  /// Reads the next element when it has this tag; otherwise leaves it where it is.
  mutating func next(_ tag: UInt8) -> Element? {
    nextTag == tag ? next() : nil
  }
}

/// The tags of DER that are asked for by number.
package enum DERTag {
  static let boolean: UInt8 = 0x01
  package static let integer: UInt8 = 0x02
  static let bitString: UInt8 = 0x03
  static let octetString: UInt8 = 0x04
  static let null: UInt8 = 0x05
  package static let objectIdentifier: UInt8 = 0x06
  static let enumerated: UInt8 = 0x0a
  static let utcTime: UInt8 = 0x17
  static let generalizedTime: UInt8 = 0x18
  package static let sequence: UInt8 = 0x30
  package static let set: UInt8 = 0x31

  package static func context(_ number: UInt8, constructed: Bool = false) -> UInt8 {
    (constructed ? 0xa0 : 0x80) | number
  }
}
