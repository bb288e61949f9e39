/// Finds the place of a value in a TOML file, and what to write there.
struct TOMLSplicer {
  let layout: TOMLLayout
  let bytes: [UInt8]
  /// Nothing where the file says already what it should.
  private(set) var splice: Splice?

  init(layout: TOMLLayout, bytes: [UInt8]) {
    self.layout = layout
    self.bytes = bytes
  }

  mutating func set(_ value: TOMLValue, at path: [String]) throws(FormatError) {
    let table = Array(path.dropLast())
    if let element = layout.tables.first(where: { $0.isElement && path.starts(with: $0.path) }) {
      throw uneditable(
        element.start, "\(name(element.path)) is an array of tables", "say by hand which of them is meant")
    }
    // Tables inside an array of tables have paths of their own.
    let arrays = layout.tables.filter(\.isElement).map(\.path)
    let tables = layout.tables.filter { candidate in !arrays.contains { candidate.path.starts(with: $0) } }
    for candidate in tables where path.dropLast().starts(with: candidate.path) {
      if try change(candidate.entries, below: candidate.path, to: value, at: path) { return }
    }
    if let inside = layout.tables.first(where: { $0.path.starts(with: path) }) {
      throw uneditable(inside.start, "\(name(path)) is a table, and a value is to be written", "remove the table")
    }
    if let header = tables.last(where: { $0.path == table && !($0.path.isEmpty && $0.entries.isEmpty) }) {
      return append(value, key: path.suffix(1), to: header, after: header.entries.last)
    }
    if let (owner, sibling) = dottedSibling(of: path, in: tables) {
      return append(value, key: path.dropFirst(owner.path.count), to: owner, after: sibling)
    }
    table.isEmpty ? addToRoot(value, key: path) : addTable(table, key: path.suffix(1), value: value)
  }

  /// Where the path is defined among some entries.
  /// - Returns: false where they say nothing about it.
  private mutating func change(
    _ entries: [TOMLLayout.Entry], below parent: [String], to value: TOMLValue, at path: [String]
  ) throws(FormatError) -> Bool {
    for entry in entries {
      let full = parent + entry.path
      if full == path {
        guard !entry.value.says(value) else { return true }
        if case .table = entry.value.content {
          throw uneditable(entry.start, "\(name(path)) is a table, and a value is to be written", "remove the table")
        }
        let isLiteral = bytes[entry.value.range.lowerBound] == UInt8(ascii: "'")
        replace(entry.value.range, with: value.written(isLiteral: isLiteral))
        return true
      }
      if full.starts(with: path) {
        throw uneditable(entry.start, "\(name(path)) is a table, and a value is to be written", "remove the table")
      }
      guard path.starts(with: full) else { continue }
      guard case .table(let inner) = entry.value.content else {
        throw uneditable(
          entry.start, "\(name(full)) has a value, and a table of that name is needed", "remove the value")
      }
      if try change(inner, below: full, to: value, at: path) { return true }
      addToInline(entry.value, inner, key: path.dropFirst(full.count), value: value)
      return true
    }
    return false
  }

  private mutating func addToInline(
    _ table: TOMLLayout.Value, _ entries: [TOMLLayout.Entry], key: ArraySlice<String>, value: TOMLValue
  ) {
    let text = "\(TOMLValue.key(key)) = \(value.written(isLiteral: false))"
    if let last = entries.last {
      let end = last.value.range.upperBound
      replace(end..<end, with: ", " + text)
    } else {
      replace(table.range, with: "{ \(text) }")
    }
  }

  /// A key with dots that makes the wanted table, after which ours belongs.
  private func dottedSibling(
    of path: [String], in tables: [TOMLLayout.Table]
  ) -> (TOMLLayout.Table, TOMLLayout.Entry)? {
    for table in tables where path.starts(with: table.path) {
      let wanted = path.dropFirst(table.path.count).dropLast()
      // The longest part of the path that dotted keys share says where it must be defined.
      for count in stride(from: wanted.count, to: 0, by: -1) {
        let found = table.entries.last { $0.path.count > count && $0.path.starts(with: wanted.prefix(count)) }
        if let found { return (table, found) }
      }
    }
    return nil
  }

  // MARK: Lines

  private mutating func append(
    _ value: TOMLValue, key: ArraySlice<String>, to table: TOMLLayout.Table, after sibling: TOMLLayout.Entry?
  ) {
    let start = sibling?.start ?? table.start
    let end = sibling?.value.range.upperBound ?? table.headerEnd
    let indentation = String(
      decoding: bytes[lineStart(start)..<start].filter { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    let equals =
      sibling.map { bytes[$0.keyEnd..<$0.value.range.lowerBound].elementsEqual("=".utf8) } == true ? "=" : " = "
    insertLine(indentation + TOMLValue.key(key) + equals + value.written(isLiteral: isLiteral(sibling)), after: end)
  }

  private func isLiteral(_ sibling: TOMLLayout.Entry?) -> Bool {
    guard let sibling, case .text = sibling.value.content else { return false }
    return bytes[sibling.value.range.lowerBound] == UInt8(ascii: "'")
  }

  private mutating func insertLine(_ line: String, after offset: Int) {
    let next = bytes[offset...].firstIndex(of: 0x0a).map { $0 + 1 }
    replace((next ?? bytes.count)..<(next ?? bytes.count), with: next == nil ? lineBreak + line : line + lineBreak)
  }

  /// Before the first header and the comments directly above it.
  private mutating func addToRoot(_ value: TOMLValue, key: [String]) {
    let line = "\(TOMLValue.key(key)) = \(value.written(isLiteral: false))"
    guard layout.tables.count > 1 else { return addAtEnd([line], separated: false) }
    var offset = lineStart(layout.tables[1].start)
    while offset > layout.tables[0].start {
      let previous = lineStart(offset - 1)
      guard bytes[previous..<offset].first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "#") else { break }
      offset = previous
    }
    replace(offset..<offset, with: line + lineBreak + lineBreak)
  }

  private mutating func addTable(_ table: [String], key: ArraySlice<String>, value: TOMLValue) {
    addAtEnd(
      ["[\(TOMLValue.key(table))]", "\(TOMLValue.key(key)) = \(value.written(isLiteral: false))"],
      separated: bytes.count > layout.tables[0].start)
  }

  private mutating func addAtEnd(_ lines: [String], separated: Bool) {
    let isOpen = bytes.count > layout.tables[0].start && bytes.last != 0x0a
    let start = (isOpen ? lineBreak : "") + (separated ? lineBreak : "")
    replace(bytes.count..<bytes.count, with: start + lines.joined(separator: lineBreak) + (isOpen ? "" : lineBreak))
  }

  private mutating func replace(_ range: Range<Int>, with text: String) { splice = Splice(range: range, text: text) }

  private func lineStart(_ offset: Int) -> Int {
    let start = layout.tables[0].start
    return max(start, bytes[..<max(start, offset)].lastIndex(of: 0x0a).map { $0 + 1 } ?? start)
  }

  private var lineBreak: String {
    guard let index = bytes.firstIndex(of: 0x0a), index > 0, bytes[index - 1] == 0x0d else { return "\n" }
    return "\r\n"
  }

  // MARK: Refusals

  private func name(_ path: [String]) -> String { path.joined(separator: ".") }

  private func uneditable(_ offset: Int, _ reason: String, _ hint: String) -> FormatError {
    .uneditable(line: TOMLReader.line(of: offset, in: bytes), reason: reason, hint: hint)
  }
}
