/// Children that come and go.
struct YAMLCollectionChange {
  var removed: Set<Int> = []
  /// At the end. The keys count for mappings alone.
  var added: [YAMLMapping.Entry] = []
}

extension YAMLSplicer.Slot {
  /// The same content, as if its anchor and tag belonged to what comes before: they stay when it is changed.
  var afterProperties: YAMLSplicer.Slot {
    guard node.hasProperties else { return self }
    var slot = self
    slot.introEnd = node.propertiesEnd
    slot.node.start = node.contentStart
    slot.node.propertiesEnd = node.contentStart
    slot.node.anchor = nil
    slot.node.isTagged = false
    return slot
  }
}

extension YAMLSplicer {
  mutating func apply(_ change: YAMLCollectionChange, to slot: Slot) {
    guard !change.removed.isEmpty || !change.added.isEmpty, let children = slot.node.children else { return }
    let isMapping = if case .mapping = slot.node.content { true } else { false }
    guard change.removed.count < children.count else {
      var mapping = YAMLMapping()
      for entry in change.added where isMapping { mapping[entry.key] = entry.value }
      return setContent(of: slot.afterProperties, to: isMapping ? .mapping(mapping) : .list(change.added.map(\.value)))
    }
    if slot.node.isFlow {
      addToFlow(change, children: children, slot: slot, isMapping: isMapping)
      removeFromFlow(change.removed, children: children)
    } else {
      removeFromBlock(change.removed, children: children)
      addToBlock(change.added, children: children, isMapping: isMapping)
    }
  }

  // MARK: Block style

  private mutating func removeFromBlock(_ removed: Set<Int>, children: [YAMLLayout.Child]) {
    var index = 0
    while index < children.count {
      guard removed.contains(index) else {
        index += 1
        continue
      }
      let first = index
      while index < children.count, removed.contains(index) { index += 1 }
      let start = children[first].start
      if reader.lineStart(start) + reader.spaces(at: reader.lineStart(start)) < start, index < children.count {
        // It stands behind a dash, which stays.
        replace(start..<children[index].start, with: "")
      } else {
        for child in children[first..<index] { removeLines(from: child.start, through: end(of: child)) }
      }
    }
  }

  private mutating func addToBlock(_ added: [YAMLMapping.Entry], children: [YAMLLayout.Child], isMapping: Bool) {
    guard let first = children.first, let last = children.last, !added.isEmpty else { return }
    let column = reader.column(of: first.start)
    let end = afterComments(following: max(last.node.tail, last.introEnd), column: column)
    let habits = habits(above: [end])
    var lines: [String] = []
    for entry in added {
      lines +=
        isMapping
        ? YAMLRendering.entry(entry, column: column, habits: habits)
        : YAMLRendering.item(entry.value, column: column, gap: gap(of: last), habits: habits)
    }
    insertLines(lines, after: end)
  }

  /// The blanks between the dash of an element and what follows on its line.
  private func gap(of child: YAMLLayout.Child) -> Int {
    let blanks = reader.spaces(at: child.introEnd)
    return child.introEnd + blanks == child.node.start && blanks > 0 ? blanks : 1
  }

  private func end(of child: YAMLLayout.Child) -> Int { max(child.node.end, child.introEnd) }

  /// Comments directly below a value, as far right as the value's key, belong to it.
  private func afterComments(following offset: Int, column: Int) -> Int {
    var offset = offset
    while true {
      let line = reader.nextLine(offset)
      let first = line + reader.spaces(at: line)
      guard line < bytes.count, line > offset, first < bytes.count, bytes[first] == UInt8(ascii: "#"),
        first - line >= max(1, column)
      else { return offset }
      offset = reader.lineEnd(line)
    }
  }

  // MARK: Flow style

  private mutating func addToFlow(
    _ change: YAMLCollectionChange, children: [YAMLLayout.Child], slot: Slot, isMapping: Bool
  ) {
    guard let index = children.indices.last(where: { !change.removed.contains($0) }), !change.added.isEmpty else {
      return
    }
    let last = children[index]
    let quotedKeys = isMapping && children.allSatisfy { bytes[$0.start] == UInt8(ascii: "\"") }
    let quotes = children.allSatisfy { bytes[$0.start] == UInt8(ascii: "\"") } ? YAMLRendering.Quotes.double : .plain
    let texts = change.added.map { entry in
      isMapping
        ? YAMLRendering.flowEntry(entry, quotedKeys: quotedKeys)
        : YAMLRendering.flow(entry.value, quotes: quotes, quotedKeys: false)
    }
    let end = end(of: last)
    let line = reader.lineStart(last.start)
    guard children.count > change.removed.count, line + reader.spaces(at: line) == last.start, change.removed.isEmpty,
      line > reader.lineStart(slot.node.contentStart), let comma = commaOrEnd(after: end, before: slot.node.end)
    else { return replace(end..<end, with: texts.map { ", \($0)" }.joined()) }
    // One element a line: it stays so, and so does a comma after the last.
    let pad = YAMLRendering.spaces(last.start - line)
    if comma == end { replace(end..<end, with: ",") }
    let lineEnd = reader.lineEnd(comma)
    let added = texts.map { habits.lineBreak + pad + $0 }.joined(separator: ",")
    replace(lineEnd..<lineEnd, with: comma == end ? added : added + ",")
  }

  /// After a comma that follows the last element; its end where there is no comma; nil where the brace stands on the
  /// same line.
  private func commaOrEnd(after offset: Int, before closing: Int) -> Int? {
    var reader = self.reader
    reader.position = offset
    reader.skipToContent()
    let hasComma = reader.peek() == UInt8(ascii: ",")
    let end = hasComma ? reader.position + 1 : offset
    return reader.lineEnd(end) < closing - 1 ? end : nil
  }

  private mutating func removeFromFlow(_ removed: Set<Int>, children: [YAMLLayout.Child]) {
    var index = 0
    while index < children.count {
      guard removed.contains(index) else {
        index += 1
        continue
      }
      let first = index
      while index < children.count, removed.contains(index) { index += 1 }
      if index < children.count {
        replace(children[first].start..<children[index].start, with: "")
      } else if first > 0 {
        replace(end(of: children[first - 1])..<end(of: children[index - 1]), with: "")
      }
    }
  }
}
