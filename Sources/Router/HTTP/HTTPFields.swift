/// The fields of a message's head, in their order, in one block of bytes: made for each message, and mostly passed on
/// unchanged.
struct HTTPFields {
  /// Its name, in lower case, and its value lie one behind the other.
  struct Field {
    fileprivate var start: Int32
    fileprivate var middle: Int32
    fileprivate var end: Int32
    fileprivate(set) var known = KnownField.none

    var name: Range<Int> { Int(start)..<Int(middle) }
    var value: Range<Int> { Int(middle)..<Int(end) }

    fileprivate func moved(by distance: Int) -> Field {
      Field(
        start: start + Int32(distance), middle: middle + Int32(distance), end: end + Int32(distance), known: known)
    }
  }

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []
  /// Those known ones that are among them, so that it costs nothing to ask for what isn't there.
  private(set) var present: KnownField = .none
  private var isInValue = true

  var count: Int { bytes.count }
  var isEmpty: Bool { fields.isEmpty }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    present = .none
    isInValue = true
  }

  /// Gives them away, and begins anew.
  mutating func take() -> HTTPFields {
    let taken = self
    self = HTTPFields()
    return taken
  }

  // MARK: As a parser brings them

  /// A part of a name; names may come in several.
  mutating func append(name part: UnsafeRawBufferPointer) {
    if bytes.capacity == 0 {
      bytes.reserveCapacity(512)
      fields.reserveCapacity(16)
    }
    let from = bytes.count
    bytes.append(contentsOf: part)
    bytes.withUnsafeMutableBufferPointer { all in
      for index in from..<all.count { all[index] = Self.lowered(all[index]) }
    }
    let end = Int32(bytes.count)
    if isInValue {
      fields.append(Field(start: Int32(from), middle: end, end: end))
      isInValue = false
    } else if let last = fields.indices.last {
      fields[last].middle = end
      fields[last].end = end
    }
  }

  mutating func append(value part: UnsafeRawBufferPointer) {
    guard let last = fields.indices.last else { return }
    isInValue = true
    bytes.append(contentsOf: part)
    fields[last].end = Int32(bytes.count)
  }

  /// The field is whole. Told of each.
  mutating func endField() {
    guard let last = fields.indices.last else { return }
    isInValue = true
    // White space at its end isn't part of a value (RFC 9110 §5.5).
    while fields[last].end > fields[last].middle, Self.isBlank(bytes[Int(fields[last].end) - 1]) {
      fields[last].end -= 1
    }
    let known = bytes.withUnsafeBytes { KnownField(UnsafeRawBufferPointer(rebasing: $0[fields[last].name])) }
    fields[last].known = known
    present.formUnion(known)
  }

  mutating func add(_ name: String, _ value: String) {
    let start = Int32(bytes.count)
    for byte in name.utf8 { bytes.append(Self.lowered(byte)) }
    let middle = Int32(bytes.count)
    // A name in a certificate may hold anything; a field's value may not (RFC 9110 §5.5).
    for byte in value.utf8 { bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte) }
    fields.append(Field(start: start, middle: middle, end: Int32(bytes.count)))
    endField()
  }

  // MARK: Taking out

  mutating func remove(_ unwanted: KnownField) {
    guard !present.isDisjoint(with: unwanted) else { return }
    fields.removeAll { !$0.known.isDisjoint(with: unwanted) }
    present.subtract(unwanted)
  }

  mutating func remove(where isUnwanted: (UnsafeRawBufferPointer) -> Bool) {
    bytes.withUnsafeBytes { all in
      let isUnwanted = { (field: Field) in isUnwanted(UnsafeRawBufferPointer(rebasing: all[field.name])) }
      // Mostly there is nothing to take out, and nothing is copied.
      guard fields.contains(where: isUnwanted) else { return }
      fields.removeAll(where: isUnwanted)
    }
    present = fields.reduce(into: .none) { $0.formUnion($1.known) }
  }

  // MARK: Looking

  func withField<R>(_ field: Field, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes { all in
      body(UnsafeRawBufferPointer(rebasing: all[field.name]), UnsafeRawBufferPointer(rebasing: all[field.value]))
    }
  }

  func values(_ known: KnownField) -> [String] {
    guard has(known) else { return [] }
    return fields.filter { $0.known == known }.map(text)
  }

  func first(_ known: KnownField) -> String? {
    guard has(known) else { return nil }
    return fields.first { $0.known == known }.map(text)
  }

  func has(_ known: KnownField) -> Bool { present.contains(known) }

  /// Of Content-Length; nil where there is none, or none that can be counted to.
  var contentLength: Int? { first(.contentLength).flatMap { Int($0) } }

  /// Whether a length or a coding is said that can't be followed (RFC 9112 §6.1, §6.3).
  var hasUnknownLength: Bool {
    has(.contentLength) && contentLength == nil
      || has(.transferEncoding) && values(.transferEncoding).map { $0.lowercased() } != ["chunked"]
  }

  func has(moreThanOne known: KnownField) -> Bool {
    has(known) && fields.reduce(0) { $0 + ($1.known == known ? 1 : 0) } > 1
  }

  private func text(_ field: Field) -> String { String(decoding: bytes[field.value], as: UTF8.self) }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  static func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}

/// Fields that say something to the router itself; one of them, or a set.
struct KnownField: OptionSet, Sendable {
  let rawValue: UInt16

  static let none: KnownField = []
  static let host = KnownField(rawValue: 1 << 0)
  static let contentLength = KnownField(rawValue: 1 << 1)
  static let transferEncoding = KnownField(rawValue: 1 << 2)
  static let connection = KnownField(rawValue: 1 << 3)
  static let keepAlive = KnownField(rawValue: 1 << 4)
  static let proxyConnection = KnownField(rawValue: 1 << 5)
  static let te = KnownField(rawValue: 1 << 6)
  static let upgrade = KnownField(rawValue: 1 << 7)
  static let cookie = KnownField(rawValue: 1 << 8)

  /// What holds for one connection only (RFC 9110 §7.6.1).
  static let hopByHop: KnownField = [.connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade]

  init(rawValue: UInt16) { self.rawValue = rawValue }

  /// - Parameter name: in lower case.
  init(_ name: UnsafeRawBufferPointer) {
    // Lengths tell most names apart.
    self =
      switch name.count {
      case 2 where name.equals("te"): .te
      case 4 where name.equals("host"): .host
      case 6 where name.equals("cookie"): .cookie
      case 7 where name.equals("upgrade"): .upgrade
      case 10 where name.equals("connection"): .connection
      case 10 where name.equals("keep-alive"): .keepAlive
      case 14 where name.equals("content-length"): .contentLength
      case 16 where name.equals("proxy-connection"): .proxyConnection
      case 17 where name.equals("transfer-encoding"): .transferEncoding
      default: .none
      }
  }
}

extension UnsafeRawBufferPointer {
  /// Compares with a name in lower case.
  func equals(_ name: StaticString) -> Bool {
    guard count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { wanted in
      for index in 0..<count where self[index] != wanted[index] { return false }
      return true
    }
  }
}

extension HTTPFields {
  /// Takes out what holds for one connection only, and what the connection field names.
  mutating func removeHopByHop() {
    var named: Set<String> = []
    for value in values(.connection) {
      named.formUnion(
        value.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)).trimmed.lowercased() })
    }
    remove(.hopByHop)
    // Most say `close` or `keep-alive`, and name nothing.
    guard named.contains(where: { $0 != "close" && $0 != "keep-alive" }) else { return }
    // What says how long a body is, is never the client's to take away.
    remove { name in
      let name = String(decoding: name, as: UTF8.self)
      return named.contains(name) && name != "content-length" && name != "host"
    }
  }
}

extension String {
  /// Without the white space of RFC 9110 §5.6.3 at its ends.
  var trimmed: String {
    var view = self[...]
    while let first = view.first, first == " " || first == "\t" { view.removeFirst() }
    while let last = view.last, last == " " || last == "\t" { view.removeLast() }
    return String(view)
  }
}
