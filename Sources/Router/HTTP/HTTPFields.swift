/// The fields of a message's head, in their order, in one block of bytes: made for each message, and mostly passed on
/// unchanged.
struct HTTPFields {
  struct Field {
    fileprivate(set) var name: Range<Int>
    fileprivate(set) var value: Range<Int>
  }

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []
  private var isInValue = true

  var count: Int { bytes.count }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    isInValue = true
  }

  // MARK: As a parser brings them

  /// A part of a name; names may come in several.
  mutating func append(name part: UnsafeRawBufferPointer) {
    if isInValue {
      fields.append(Field(name: bytes.count..<bytes.count, value: bytes.count..<bytes.count))
      isInValue = false
    }
    for byte in part { bytes.append(Self.lowered(byte)) }
    let last = fields.count - 1
    fields[last].name = fields[last].name.lowerBound..<bytes.count
    fields[last].value = bytes.count..<bytes.count
  }

  mutating func append(value part: UnsafeRawBufferPointer) {
    guard !fields.isEmpty else { return }
    isInValue = true
    bytes.append(contentsOf: part)
    let last = fields.count - 1
    fields[last].value = fields[last].value.lowerBound..<bytes.count
  }

  mutating func endField() { isInValue = true }

  mutating func add(_ name: String, _ value: String) {
    let start = bytes.count
    for byte in name.utf8 { bytes.append(Self.lowered(byte)) }
    let middle = bytes.count
    // A name in a certificate may hold anything; a field's value may not (RFC 9110 §5.5).
    for byte in value.utf8 { bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte) }
    fields.append(Field(name: start..<middle, value: middle..<bytes.count))
  }

  mutating func append(_ other: HTTPFields) {
    let start = bytes.count
    bytes.append(contentsOf: other.bytes)
    for field in other.fields {
      fields.append(
        Field(
          name: field.name.lowerBound + start..<field.name.upperBound + start,
          value: field.value.lowerBound + start..<field.value.upperBound + start))
    }
    isInValue = true
  }

  mutating func remove(where isUnwanted: (UnsafeRawBufferPointer) -> Bool) {
    bytes.withUnsafeBytes { all in
      fields.removeAll { isUnwanted(UnsafeRawBufferPointer(rebasing: all[$0.name])) }
    }
  }

  // MARK: Looking

  func withField<R>(_ field: Field, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes { all in
      body(UnsafeRawBufferPointer(rebasing: all[field.name]), UnsafeRawBufferPointer(rebasing: all[field.value]))
    }
  }

  func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
    bytes.withUnsafeBytes { all in
      for field in fields {
        body(UnsafeRawBufferPointer(rebasing: all[field.name]), UnsafeRawBufferPointer(rebasing: all[field.value]))
      }
    }
  }

  /// - Parameter name: in lower case.
  func values(_ name: StaticString) -> [String] {
    var found: [String] = []
    forEach { if $0.equals(name) { found.append(String(decoding: $1, as: UTF8.self)) } }
    return found
  }

  func has(_ name: StaticString) -> Bool {
    var isThere = false
    forEach { field, _ in if field.equals(name) { isThere = true } }
    return isThere
  }

  static func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
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
  /// Takes out what holds for one connection only (RFC 9110 §7.6.1), and what the connection field names.
  mutating func removeHopByHop() {
    var named: [String] = []
    forEach { name, value in
      guard name.equals("connection") else { return }
      for part in value.split(separator: UInt8(ascii: ",")) {
        named.append(String(decoding: part, as: UTF8.self).trimmed.lowercased())
      }
    }
    remove { name in
      switch name.count {
      case 2: name.equals("te")
      case 7: name.equals("upgrade")
      case 10: name.equals("connection") || name.equals("keep-alive")
      case 16: name.equals("proxy-connection")
      case 17: name.equals("transfer-encoding")
      default: false
      }
    }
    guard !named.isEmpty else { return }
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
