/// Why bytes can't be read as DER, with the offset from the start of what was read.
package struct DERDefect: Error, Hashable, Sendable {
  package var offset: Int
  package var reason: String

  package init(at offset: Int, _ reason: String) {
    self.offset = offset
    self.reason = reason
  }
}

/// One tag, length and value (X.690 §8.1), read without any knowledge of what it means.
///
/// The readers of facts walk these instead of using a strict parser, because a file that a strict parser refuses is
/// exactly the one that an operator asks about.
struct DERElement: Hashable, Sendable {
  enum TagClass: UInt8, Sendable {
    case universal, application, contextSpecific, privateUse
  }

  var tagClass: TagClass
  var isConstructed: Bool
  var number: Int
  /// The value, without tag and length.
  var content: ArraySlice<UInt8>
  /// Tag, length and value.
  var encoded: ArraySlice<UInt8>

  var bytes: [UInt8] { Array(encoded) }
  var value: [UInt8] { Array(content) }

  func isUniversal(_ tag: UniversalTag) -> Bool { tagClass == .universal && number == tag.rawValue }
  func isContext(_ tag: Int) -> Bool { tagClass == .contextSpecific && number == tag }

  /// The elements inside a constructed element, at most `limit` of them.
  func children(limit: Int = 4096) throws(DERDefect) -> [DERElement] {
    var reader = DERReader(content)
    var found: [DERElement] = []
    while let element = try reader.next() {
      guard found.count < limit else { throw DERDefect(at: content.startIndex, "more than \(limit) elements") }
      found.append(element)
    }
    return found
  }

  /// As ``children(limit:)``, of a SEQUENCE only.
  func sequence(limit: Int = 4096) throws(DERDefect) -> [DERElement] {
    guard isUniversal(.sequence), isConstructed else {
      throw DERDefect(at: encoded.startIndex, "a SEQUENCE was expected")
    }
    return try children(limit: limit)
  }
}

/// The universal tags that certificates use (X.680 §8.4).
enum UniversalTag: Int, Sendable {
  case boolean = 1
  case integer = 2
  case bitString = 3
  case octetString = 4
  case null = 5
  case objectIdentifier = 6
  case enumerated = 10
  case utf8String = 12
  case sequence = 16
  case set = 17
  case numericString = 18
  case printableString = 19
  case teletexString = 20
  case ia5String = 22
  case utcTime = 23
  case generalizedTime = 24
  case visibleString = 26
  case universalString = 28
  case bmpString = 30
}

/// Reads elements one after the other. Takes lengths that DER forbids but a reader can follow (longer than needed).
struct DERReader {
  /// Slices of the whole keep its indices, so a defect names its offset in the outermost bytes.
  private let whole: ArraySlice<UInt8>
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    whole = bytes
    rest = bytes
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var isAtEnd: Bool { rest.isEmpty }
  var remaining: ArraySlice<UInt8> { rest }

  /// The next element, or nil at the end.
  mutating func next() throws(DERDefect) -> DERElement? {
    let start = rest.startIndex
    guard let identifier = rest.popFirst() else { return nil }
    let number = try tagNumber(identifier, at: start)
    let length = try length(at: start)
    guard length <= rest.count else {
      throw DERDefect(at: start, "\(length) bytes are announced, \(rest.count) are left: the data is cut off")
    }
    let end = rest.startIndex + length
    let content = rest[rest.startIndex..<end]
    rest = rest[end...]
    return DERElement(
      tagClass: DERElement.TagClass(rawValue: identifier >> 6) ?? .universal, isConstructed: identifier & 0x20 != 0,
      number: number, content: content, encoded: whole[start..<end])
  }

  private mutating func tagNumber(_ identifier: UInt8, at start: Int) throws(DERDefect) -> Int {
    guard identifier & 0x1F == 0x1F else { return Int(identifier & 0x1F) }
    var number = 0
    for _ in 0..<4 {
      guard let byte = rest.popFirst() else { throw DERDefect(at: start, "the data ends inside a tag") }
      number = number << 7 | Int(byte & 0x7F)
      if byte & 0x80 == 0 { return number }
    }
    throw DERDefect(at: start, "a tag number is too large")
  }

  private mutating func length(at start: Int) throws(DERDefect) -> Int {
    guard let first = rest.popFirst() else { throw DERDefect(at: start, "the data ends before a length") }
    guard first & 0x80 != 0 else { return Int(first) }
    guard first != 0x80 else { throw DERDefect(at: start, "an indefinite length (BER), which DER forbids") }
    let count = Int(first & 0x7F)
    guard count <= 4 else { throw DERDefect(at: start, "a length is too large") }
    var length = 0
    for _ in 0..<count {
      guard let byte = rest.popFirst() else { throw DERDefect(at: start, "the data ends inside a length") }
      length = length << 8 | Int(byte)
    }
    return length
  }
}
