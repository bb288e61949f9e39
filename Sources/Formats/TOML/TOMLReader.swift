/// Reads TOML 1.0. Numbers and dates are told by their characters and not checked further.
struct TOMLReader {
  let bytes: [UInt8]
  var position: Int
  private var depth = 0

  private static let depthLimit = 100

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// - Throws: `.malformed` with the line; `.tooLarge`.
  static func read(_ bytes: [UInt8]) throws(FormatError) -> TOMLLayout {
    guard bytes.count <= TOMLLayout.sizeLimit else {
      throw .tooLarge(what: "the size in bytes of a TOML file", limit: TOMLLayout.sizeLimit)
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .malformed(format: "TOML file", reason: "it is not UTF-8")
    }
    var reader = TOMLReader(bytes)
    return try reader.document()
  }

  private mutating func document() throws(FormatError) -> TOMLLayout {
    var tables = [TOMLLayout.Table(path: [], start: position, headerEnd: position)]
    while true {
      skipBlankLines()
      guard let byte = peek() else { return TOMLLayout(tables: tables) }
      if byte == UInt8(ascii: "[") {
        tables.append(try header())
      } else {
        tables[tables.count - 1].entries.append(try entry())
      }
      skipSpaces()
      skipComment()
      guard peek() == nil || isLineBreak else { throw malformed("something follows where the line should end") }
    }
  }

  private mutating func header() throws(FormatError) -> TOMLLayout.Table {
    let start = position
    position += 1
    let isElement = peek() == UInt8(ascii: "[")
    if isElement { position += 1 }
    let path = try keys()
    for _ in 0..<(isElement ? 2 : 1) { try expect(UInt8(ascii: "]"), "the header of a table is not closed") }
    return TOMLLayout.Table(path: path, isElement: isElement, start: start, headerEnd: position)
  }

  private mutating func entry() throws(FormatError) -> TOMLLayout.Entry {
    let start = position
    let path = try keys()
    let keyEnd = position
    skipSpaces()
    try expect(UInt8(ascii: "="), "a key without '='")
    skipSpaces()
    return TOMLLayout.Entry(path: path, start: start, keyEnd: keyEnd, value: try value())
  }

  /// A key or several with dots between them; afterwards, we stand at the end of the last.
  private mutating func keys() throws(FormatError) -> [String] {
    var keys: [String] = []
    while true {
      skipSpaces()
      keys.append(try key())
      guard keys.count <= Self.depthLimit else { throw malformed("a key has too many parts") }
      let end = position
      skipSpaces()
      guard peek() == UInt8(ascii: ".") else {
        position = end
        return keys
      }
      position += 1
    }
  }

  private mutating func key() throws(FormatError) -> String {
    if let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") { return try line(quote) }
    let start = position
    while let byte = peek(), TOMLValue.isBare(byte) { position += 1 }
    guard position > start else { throw malformed("a key is missing") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  // MARK: Values

  private mutating func value() throws(FormatError) -> TOMLLayout.Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw malformed("it is nested too deeply") }
    let start = position
    let content: TOMLLayout.Value.Content
    switch peek() {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): content = .text(try text())
    case UInt8(ascii: "["): content = .array(try array())
    case UInt8(ascii: "{"): content = .table(try inlineTable())
    default: content = try literal()
    }
    return TOMLLayout.Value(content: content, range: start..<position)
  }

  private mutating func array() throws(FormatError) -> [TOMLLayout.Value] {
    position += 1
    var items: [TOMLLayout.Value] = []
    while true {
      skipBlankLines()
      if peek() == UInt8(ascii: "]") { break }
      items.append(try value())
      skipBlankLines()
      guard peek() == UInt8(ascii: ",") else { break }
      position += 1
    }
    try expect(UInt8(ascii: "]"), "an array is not closed")
    return items
  }

  private mutating func inlineTable() throws(FormatError) -> [TOMLLayout.Entry] {
    position += 1
    var entries: [TOMLLayout.Entry] = []
    skipSpaces()
    if peek() != UInt8(ascii: "}") {
      while true {
        skipSpaces()
        entries.append(try entry())
        skipSpaces()
        guard peek() == UInt8(ascii: ",") else { break }
        position += 1
      }
    }
    try expect(UInt8(ascii: "}"), "an inline table is not closed")
    return entries
  }

  private mutating func literal() throws(FormatError) -> TOMLLayout.Value.Content {
    let start = position
    func isPart(_ byte: UInt8) -> Bool { TOMLValue.isBare(byte) || "+.:".utf8.contains(byte) }
    while let byte = peek(), isPart(byte) { position += 1 }
    // A date may have a space before its time.
    if position - start == 10, bytes[start + 4] == UInt8(ascii: "-"), peek() == 0x20, position + 1 < bytes.count,
      (0x30...0x39).contains(bytes[position + 1])
    {
      position += 1
      while let byte = peek(), isPart(byte) { position += 1 }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "true": return .flag(true)
    case "false": return .flag(false)
    case "inf", "nan", "+inf", "-inf", "+nan", "-nan": return .literal(text)
    default:
      let first = text.utf8.first { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }
      guard let first, (0x30...0x39).contains(first) else { throw malformed("a value is missing or has no quotes") }
      return .literal(text)
    }
  }
}

// MARK: Strings
extension TOMLReader {
  private mutating func text() throws(FormatError) -> String {
    guard let quote = peek() else { return "" }
    let isMultiline = bytes[position...].starts(with: [quote, quote, quote])
    return isMultiline ? try lines(quote) : try line(quote)
  }

  private mutating func line(_ quote: UInt8) throws(FormatError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek(), byte != 0x0a {
      position += 1
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { text += try escaped() } else { text.append(byte) }
    }
    throw malformed("a string is not closed")
  }

  private mutating func lines(_ quote: UInt8) throws(FormatError) -> String {
    position += 3
    // A line break directly after the quotes is no part of the text.
    if isLineBreak { position += peek() == 0x0d ? 2 : 1 }
    var text: [UInt8] = []
    while let byte = peek() {
      if bytes[position...].starts(with: [quote, quote, quote]) {
        // One or two quotes may stand before the three that close.
        let run = bytes[position...].prefix(5).prefix { $0 == quote }.count
        text += [UInt8](repeating: quote, count: run - 3)
        position += run
        return String(decoding: text, as: UTF8.self)
      }
      position += 1
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        if skipFoldedLine() { continue }
        text += try escaped()
      } else {
        text.append(byte)
      }
    }
    throw malformed("a string of several lines is not closed")
  }

  /// After a backslash at the end of a line, blanks up to the next text are left out.
  private mutating func skipFoldedLine() -> Bool {
    let start = position
    skipSpaces()
    guard isLineBreak else {
      position = start
      return false
    }
    while let byte = peek(), [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    return true
  }

  private mutating func escaped() throws(FormatError) -> [UInt8] {
    guard let byte = peek() else { throw malformed("a string is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = byte == UInt8(ascii: "u") ? 4 : 8
      let digits = String(decoding: bytes[position...].prefix(count), as: UTF8.self)
      guard digits.utf8.count == count, digits.allSatisfy(\.isHexDigit),
        let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
      else { throw malformed("a character's number in a string is not valid") }
      position += count
      return Array(String(Character(scalar)).utf8)
    default: throw malformed("a backslash in a string is followed by what needs none")
    }
  }
}

// MARK: Bytes
extension TOMLReader {
  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private var isLineBreak: Bool {
    peek() == 0x0a || (peek() == 0x0d && position + 1 < bytes.count && bytes[position + 1] == 0x0a)
  }

  private mutating func skipSpaces() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 { position += 1 }
  }

  private mutating func skipComment() {
    guard peek() == UInt8(ascii: "#") else { return }
    while let byte = peek(), byte != 0x0a { if byte == 0x0d, isLineBreak { return } else { position += 1 } }
  }

  /// Blanks, line breaks and comments.
  private mutating func skipBlankLines() {
    while true {
      skipSpaces()
      skipComment()
      guard isLineBreak else { return }
      position += peek() == 0x0d ? 2 : 1
    }
  }

  private mutating func expect(_ byte: UInt8, _ problem: String) throws(FormatError) {
    skipSpaces()
    guard peek() == byte else { throw malformed(problem) }
    position += 1
  }

  private func malformed(_ problem: String) -> FormatError {
    .malformed(format: "TOML file", reason: "line \(Self.line(of: position, in: bytes)): \(problem)")
  }

  /// Counted from 1.
  static func line(of offset: Int, in bytes: [UInt8]) -> Int {
    1 + bytes.prefix(max(0, min(offset, bytes.count))).count { $0 == 0x0a }
  }
}
