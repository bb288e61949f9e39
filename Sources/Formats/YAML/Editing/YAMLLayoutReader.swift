/// Finds the extent of every value of a YAML document (yaml.org, 1.1 and 1.2, as far as files of settings go).
///
/// It reads what the YAML library has read before, so it need not find every mistake; what it doesn't understand is
/// an error, and what it misunderstands is found when the two are compared.
struct YAMLLayoutReader {
  let bytes: [UInt8]
  let start: Int
  var position: Int
  private(set) var usedAnchors: Set<String> = []
  private var depth = 0

  private static let depthLimit = 200

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    position = start
  }

  static func read(_ bytes: [UInt8]) throws(YAMLMisreading) -> YAMLLayout {
    var reader = YAMLLayoutReader(bytes)
    return try reader.document()
  }

  private mutating func document() throws(YAMLMisreading) -> YAMLLayout {
    skipToContent()
    while peek() == UInt8(ascii: "%"), isAtLineStart(position) {
      position = lineEnd(position)
      skipToContent()
    }
    if isMarker("---") { position += 3 }
    let introEnd = position
    skipToContent()
    let root: YAMLLayout.Node
    if isAtEnd || isMarker("...") {
      root = emptyNode(at: introEnd)
    } else {
      root = try freshNode(parent: -1)
      position = root.tail
      skipToContent()
    }
    guard isAtEnd || isMarker("...") else { throw YAMLMisreading(offset: position) }
    return YAMLLayout(root: root, start: start, end: position, usedAnchors: usedAnchors)
  }

  // MARK: Block style

  /// What stands after a colon or a dash.
  /// - Parameter parent: the column of the mapping or list that it belongs to.
  /// - Parameter isItem: after a dash, a mapping or list may start on the same line; after a colon, the dashes of a
  ///   list may stand in the column of the key.
  private mutating func value(after introEnd: Int, parent: Int, isItem: Bool) throws(YAMLMisreading) -> YAMLLayout.Node
  {
    position = introEnd
    skipBlanks()
    if !isAtLineEndOrComment {
      if isItem { return try freshNode(parent: parent) }
      return try properNode(parent: parent, mayBeIndentless: true)
    }
    return try nodeOnLaterLine(after: introEnd, parent: parent, mayBeIndentless: !isItem)
  }

  private mutating func nodeOnLaterLine(
    after introEnd: Int, parent: Int, mayBeIndentless: Bool
  ) throws(YAMLMisreading) -> YAMLLayout.Node {
    skipToContent()
    guard !isAtDocumentEnd else { return emptyNode(at: introEnd) }
    let column = column(of: position)
    if column > parent { return try freshNode(parent: parent) }
    if column == parent, mayBeIndentless, isDash { return try blockList(column: column) }
    return emptyNode(at: introEnd)
  }

  /// A node that may be a list or mapping starting where we are.
  private mutating func freshNode(parent: Int) throws(YAMLMisreading) -> YAMLLayout.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw YAMLMisreading(offset: position, reason: "it is nested too deeply") }
    let column = column(of: position)
    if isDash { return try blockList(column: column) }
    if try colon() != nil { return try blockMapping(column: column) }
    return try properNode(parent: parent, mayBeIndentless: false)
  }

  private mutating func blockMapping(column: Int) throws(YAMLMisreading) -> YAMLLayout.Node {
    var children: [YAMLLayout.Child] = []
    while !isAtDocumentEnd, self.column(of: position) == column, !isDash {
      let start = position
      guard let colon = try colon() else { throw YAMLMisreading(offset: position) }
      let node = try value(after: colon + 1, parent: column, isItem: false)
      children.append(YAMLLayout.Child(start: start, introEnd: colon + 1, node: node))
      position = max(node.tail, colon + 1)
      skipToContent()
    }
    return try collection(children, at: column) { .mapping($0, isFlow: false) }
  }

  private mutating func blockList(column: Int) throws(YAMLMisreading) -> YAMLLayout.Node {
    var children: [YAMLLayout.Child] = []
    while !isAtDocumentEnd, self.column(of: position) == column, isDash {
      let start = position
      let node = try value(after: start + 1, parent: column, isItem: true)
      children.append(YAMLLayout.Child(start: start, introEnd: start + 1, node: node))
      position = max(node.tail, start + 1)
      skipToContent()
    }
    return try collection(children, at: column) { .list($0, isFlow: false) }
  }

  private func collection(
    _ children: [YAMLLayout.Child], at column: Int, _ content: ([YAMLLayout.Child]) -> YAMLLayout.Node.Content
  ) throws(YAMLMisreading) -> YAMLLayout.Node {
    guard let first = children.first, let last = children.last, isAtDocumentEnd || self.column(of: position) <= column
    else { throw YAMLMisreading(offset: position) }
    return YAMLLayout.Node(
      content: content(children), start: first.start, end: max(last.introEnd, last.node.end),
      propertiesEnd: first.start, contentStart: first.start, tail: max(last.introEnd, last.node.tail))
  }

  /// A node that starts where we are and isn't a block mapping or list, unless after properties on a line of their own.
  private mutating func properNode(parent: Int, mayBeIndentless: Bool) throws(YAMLMisreading) -> YAMLLayout.Node {
    let start = position
    let properties = readProperties()
    guard properties.isPresent else { return try content(parent: parent, inFlow: false) }
    let end = properties.end
    position = end
    skipBlanks()
    var node =
      isAtLineEndOrComment
      ? try nodeOnLaterLine(after: end, parent: parent, mayBeIndentless: mayBeIndentless)
      : try content(parent: parent, inFlow: false)
    node.start = start
    node.propertiesEnd = end
    node.end = max(node.end, end)
    node.tail = max(node.tail, end)
    node.anchor = properties.anchor
    node.isTagged = properties.isTagged
    return node
  }

  /// The colon that makes what follows a key; nil where it is none.
  private func colon() throws(YAMLMisreading) -> Int? {
    var reader = self
    guard let byte = reader.peek() else { return nil }
    if byte == UInt8(ascii: "?"), reader.isBlankOrEnd(at: position + 1) {
      throw YAMLMisreading(offset: position, reason: "a key after '?' is not understood by the editor")
    }
    let properties = reader.readProperties()
    if properties.isPresent { reader.skipBlanks() }
    guard let first = reader.peek() else { return nil }
    switch first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      let line = lineEnd(position)
      try reader.skipQuoted(first)
      guard reader.position <= line else { return nil }
      reader.skipBlanks()
      return reader.peek() == UInt8(ascii: ":") && reader.isBlankOrEnd(at: reader.position + 1) ? reader.position : nil
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "#"),
      UInt8(ascii: "*"):
      return nil
    default:
      reader.skipPlainLine(inFlow: false)
      reader.skipBlanks()
      return reader.peek() == UInt8(ascii: ":") ? reader.position : nil
    }
  }
}

// MARK: Scalars and the like
extension YAMLLayoutReader {
  /// The start of a node after its properties.
  mutating func content(parent: Int, inFlow: Bool) throws(YAMLMisreading) -> YAMLLayout.Node {
    let start = position
    guard let byte = peek() else { return emptyNode(at: position) }
    switch byte {
    case UInt8(ascii: "*"):
      let name = readName()
      usedAnchors.insert(name)
      return node(.alias, from: start)
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      try skipQuoted(byte)
      return node(.scalar(byte == UInt8(ascii: "'") ? .single : .double), from: start)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      defer { depth -= 1 }
      guard depth <= Self.depthLimit else { throw YAMLMisreading(offset: position, reason: "it is nested too deeply") }
      return try flowCollection()
    case UInt8(ascii: "|") where !inFlow, UInt8(ascii: ">") where !inFlow:
      return blockScalar(parent: parent)
    default:
      skipPlain(parent: parent, inFlow: inFlow)
      return node(.scalar(.plain), from: start)
    }
  }

  func node(_ content: YAMLLayout.Node.Content, from start: Int) -> YAMLLayout.Node {
    YAMLLayout.Node(
      content: content, start: start, end: position, propertiesEnd: start, contentStart: start, tail: position)
  }

  func emptyNode(at offset: Int) -> YAMLLayout.Node {
    YAMLLayout.Node(
      content: .empty, start: offset, end: offset, propertiesEnd: offset, contentStart: offset, tail: offset)
  }

  private mutating func blockScalar(parent: Int) -> YAMLLayout.Node {
    let start = position
    position += 1
    var indicated: Int?
    var chomping: UInt8?
    while let byte = peek(), "+-123456789".utf8.contains(byte) {
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
        chomping = byte
      } else {
        indicated = Int(byte) - 0x30
      }
      position += 1
    }
    let headerEnd = position
    var line = nextLine(position)
    var end = headerEnd
    var tail = headerEnd
    var column = indicated.map { max(parent, 0) + $0 }
    var deepest = max(parent + 1, 1)
    while line < bytes.count {
      let first = line + spaces(at: line)
      let lineEnd = self.lineEnd(line)
      let isBlank = first == lineEnd
      if column == nil, isBlank { deepest = max(deepest, first - line) }
      if !isBlank {
        let wanted = column ?? max(deepest, first - line)
        guard first - line >= wanted else { break }
        column = wanted
        end = lineEnd
      } else if let wanted = column, lineEnd - line > wanted {
        // Spaces beyond the indentation are text.
        end = lineEnd
      }
      tail = lineEnd
      line = nextLine(line)
      if isAtLineStart(line), isMarker("---", at: line) || isMarker("...", at: line), parent < 0 { break }
    }
    if chomping != UInt8(ascii: "+") { tail = end }
    position = tail
    return YAMLLayout.Node(
      content: .scalar(
        .block(headerEnd: headerEnd, column: column ?? deepest, isStripped: chomping == UInt8(ascii: "-"))),
      start: start, end: end, propertiesEnd: start, contentStart: start, tail: tail)
  }

  mutating func skipQuoted(_ quote: UInt8) throws(YAMLMisreading) {
    let start = position
    position += 1
    while let byte = peek() {
      position += 1
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        position = min(position + 1, bytes.count)
      } else if byte == quote {
        guard quote == UInt8(ascii: "'"), peek() == quote else { return }
        position += 1
      }
    }
    throw YAMLMisreading(offset: start)
  }

  private mutating func skipPlain(parent: Int, inFlow: Bool) {
    skipPlainLine(inFlow: inFlow)
    while position < bytes.count {
      var end = position
      while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
      guard isLineBreak(at: end) else { return }
      var next = end
      while next < bytes.count, isBlank(bytes[next]) { next += 1 }
      guard next < bytes.count, bytes[next] != UInt8(ascii: "#"), inFlow || column(of: next) > parent,
        !isMarker("---", at: next), !isMarker("...", at: next)
      else { return }
      let last = position
      position = next
      skipPlainLine(inFlow: inFlow)
      if position == next {
        position = last
        return
      }
    }
  }

  /// To the end of the plain text on this line, without trailing blanks.
  mutating func skipPlainLine(inFlow: Bool) {
    var index = position
    while index < bytes.count, !isLineBreak(at: index) {
      let byte = bytes[index]
      if byte == UInt8(ascii: ":"), isBlankOrEnd(at: index + 1) { break }
      if byte == UInt8(ascii: "#"), index > position, isBlank(bytes[index - 1]) { break }
      if inFlow {
        if ",[]{}".utf8.contains(byte) { break }
        if byte == UInt8(ascii: ":"), index + 1 < bytes.count, ",[]{}".utf8.contains(bytes[index + 1]) { break }
      }
      index += 1
    }
    while index > position, isBlank(bytes[index - 1]) { index -= 1 }
    position = index
  }

  struct Properties {
    var anchor: String?
    var isTagged = false
    /// Past the last of them.
    var end: Int
    var isPresent: Bool { anchor != nil || isTagged }
  }

  mutating func readProperties() -> Properties {
    var found = Properties(end: position)
    while let byte = peek(), byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") {
      let name = readName()
      if byte == UInt8(ascii: "&") { found.anchor = name } else { found.isTagged = true }
      found.end = position
      skipBlanks()
    }
    return found
  }

  /// The name of an anchor, alias or tag, after its indicator.
  private mutating func readName() -> String {
    let start = position + 1
    position = start
    let isVerbatim = position > 1 && bytes[start - 1] == UInt8(ascii: "!") && peek() == UInt8(ascii: "<")
    while let byte = peek(), !isBlank(byte), isVerbatim || !",[]{}".utf8.contains(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }
}
