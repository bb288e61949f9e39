// Collections in braces and brackets.
extension YAMLLayoutReader {
  /// Where we are stands a brace or bracket.
  mutating func flowCollection() throws(YAMLMisreading) -> YAMLLayout.Node {
    let start = position
    let isMapping = peek() == UInt8(ascii: "{")
    let closing = isMapping ? UInt8(ascii: "}") : UInt8(ascii: "]")
    var children: [YAMLLayout.Child] = []
    position += 1
    while true {
      skipToContent()
      guard let byte = peek() else { throw YAMLMisreading(offset: start) }
      if byte == closing { break }
      if byte == UInt8(ascii: ",") {
        position += 1
        continue
      }
      let before = position
      children.append(try isMapping ? flowEntry() : flowItem())
      guard position > before else { throw YAMLMisreading(offset: position) }
    }
    position += 1
    return node(isMapping ? .mapping(children, isFlow: true) : .list(children, isFlow: true), from: start)
  }

  private mutating func flowEntry() throws(YAMLMisreading) -> YAMLLayout.Child {
    let start = position
    if peek() == UInt8(ascii: "?"), isBlankOrEnd(at: position + 1) {
      throw YAMLMisreading(offset: position, reason: "a key after '?' is not understood by the editor")
    }
    let key = try flowNode()
    guard skipToColon(after: key.end) else {
      return YAMLLayout.Child(start: start, introEnd: key.end, hasColon: false, node: emptyNode(at: key.end))
    }
    let introEnd = position
    return YAMLLayout.Child(start: start, introEnd: introEnd, node: try flowValue(after: introEnd))
  }

  private mutating func flowItem() throws(YAMLMisreading) -> YAMLLayout.Child {
    let start = position
    var item = try flowNode()
    if skipToColon(after: item.end) {
      _ = try flowValue(after: position)
      item = node(.pair, from: start)
    }
    return YAMLLayout.Child(start: start, introEnd: start, node: item)
  }

  /// Moves past the colon that makes what was read a key, or stays at its end.
  private mutating func skipToColon(after end: Int) -> Bool {
    skipToContent()
    guard peek() == UInt8(ascii: ":") else {
      position = end
      return false
    }
    position += 1
    return true
  }

  private mutating func flowValue(after introEnd: Int) throws(YAMLMisreading) -> YAMLLayout.Node {
    skipToContent()
    if let byte = peek(), !",]}".utf8.contains(byte) { return try flowNode() }
    position = introEnd
    return emptyNode(at: introEnd)
  }

  private mutating func flowNode() throws(YAMLMisreading) -> YAMLLayout.Node {
    let start = position
    let properties = readProperties()
    guard properties.isPresent else { return try content(parent: -1, inFlow: true) }
    skipToContent()
    var node: YAMLLayout.Node
    if let byte = peek(), !",:]}".utf8.contains(byte) {
      node = try content(parent: -1, inFlow: true)
    } else {
      position = properties.end
      node = emptyNode(at: properties.end)
    }
    node.start = start
    node.propertiesEnd = properties.end
    node.anchor = properties.anchor
    node.isTagged = properties.isTagged
    return node
  }
}
