extension YAMLSplicer {
  /// Writes a value in the place of what a slot holds.
  mutating func setContent(of slot: Slot, to value: YAMLValue) {
    let node = slot.node
    guard !slot.isInFlow else { return setFlowContent(of: slot, to: value) }
    let position = position(in: slot, for: value)
    let habits = habits(above: [slot.introEnd, node.tail])
    let rendered = YAMLRendering.block(value, at: position, habits: habits)
    if node.isEmpty { return fill(slot, with: rendered) }
    if case .scalar(.block(let headerEnd, _, _)) = node.content {
      return replaceBlockScalar(slot, headerEnd: headerEnd, with: rendered)
    }
    let isOnIntroLine = slot.introEnd.map { reader.lineStart($0) == reader.lineStart(node.contentStart) } ?? false
    if !isOnIntroLine, node.isBlockCollection || rendered.inline.isEmpty {
      return replaceLines(of: slot, with: rendered)
    }
    if rendered.inline.isEmpty, let introEnd = slot.introEnd {
      if slot.isItem, !hasComment(after: node.end), let first = rendered.lines.first {
        replace(node.start..<node.end, with: String(first.dropFirst(position.column)))
        return insertLines(Array(rendered.lines.dropFirst()), after: node.end)
      }
      replace(introEnd..<node.end, with: "")
      return insertLines(rendered.lines, after: node.end)
    }
    replace(node.start..<node.end, with: rendered.inline)
    insertLines(rendered.lines, after: node.end)
  }

  private func position(in slot: Slot, for value: YAMLValue) -> YAMLRendering.Position {
    let node = slot.node
    var position = YAMLRendering.Position(
      parent: slot.column, column: slot.column + habits.indentation, block: slot.column + habits.indentation)
    if slot.introEnd == nil {
      position.column = 0
      position.block = habits.indentation
    }
    switch value {
    case .list where !slot.isItem && slot.introEnd != nil: position.column = slot.column + habits.listIndentation
    default: break
    }
    if slot.isItem { position.column = slot.column + 2 }
    switch (node.content, value) {
    case (.mapping(_, isFlow: false), .mapping), (.list(_, isFlow: false), .list):
      position.column = reader.column(of: node.contentStart)
    case (.scalar(.block(_, let column, _)), _) where column > slot.column: position.block = column
    case (.scalar(.single), _): position.quotes = .single
    case (.scalar(.double), _): position.quotes = .double
    default: break
    }
    if slot.isItem, let introEnd = slot.introEnd, !node.isEmpty,
      reader.lineStart(introEnd) == reader.lineStart(node.start)
    {
      position.column = reader.column(of: node.start)
    }
    return position
  }

  /// Where nothing stood.
  private mutating func fill(_ slot: Slot, with rendered: YAMLRendering) {
    guard let introEnd = slot.introEnd else {
      let lines = rendered.inline.isEmpty ? rendered.lines : [rendered.inline] + rendered.lines
      return insertRoot(lines)
    }
    if rendered.inline.isEmpty, slot.isItem, !hasComment(after: introEnd), let first = rendered.lines.first {
      replace(introEnd..<introEnd, with: " " + first.drop { $0 == " " })
      return insertLines(Array(rendered.lines.dropFirst()), after: introEnd)
    }
    if !rendered.inline.isEmpty { replace(introEnd..<introEnd, with: " " + rendered.inline) }
    insertLines(rendered.lines, after: introEnd)
  }

  /// Before `...` or at the end of the file.
  private mutating func insertRoot(_ lines: [String]) {
    let end = layout.end
    let needsBreak = !reader.isAtLineStart(end)
    let text = lines.joined(separator: habits.lineBreak)
    replace(end..<end, with: (needsBreak ? habits.lineBreak : "") + text + (needsBreak ? "" : habits.lineBreak))
  }

  private mutating func replaceBlockScalar(_ slot: Slot, headerEnd: Int, with rendered: YAMLRendering) {
    let node = slot.node
    if rendered.inline.isEmpty {
      replace((slot.introEnd ?? node.start)..<headerEnd, with: "")
    } else {
      replace(node.start..<headerEnd, with: rendered.inline)
    }
    let first = reader.nextLine(headerEnd)
    guard node.end > headerEnd, first < bytes.count else { return insertLines(rendered.lines, after: headerEnd) }
    replaceLines(from: first, through: node.end, with: rendered.lines)
  }

  /// Where the content starts on a line of its own.
  private mutating func replaceLines(of slot: Slot, with rendered: YAMLRendering) {
    let node = slot.node
    if let introEnd = slot.introEnd {
      let hasProperties = node.hasProperties && reader.lineStart(introEnd) == reader.lineStart(node.start)
      let inline = rendered.inline.isEmpty ? "" : " " + rendered.inline
      replace(introEnd..<(hasProperties ? node.propertiesEnd : introEnd), with: inline)
      if rendered.inline.hasPrefix("|"), reader.nextLine(introEnd) < reader.lineStart(node.contentStart) {
        // Nothing may stand between the header of a literal scalar and its lines.
        insertLines(rendered.lines, after: introEnd)
        return removeLines(from: node.contentStart, through: node.end)
      }
      return replaceLines(from: reader.lineStart(node.contentStart), through: node.end, with: rendered.lines)
    }
    let lines = rendered.inline.isEmpty ? rendered.lines : [rendered.inline] + rendered.lines
    replaceLines(from: reader.lineStart(node.start), through: node.end, with: lines)
  }

  private mutating func setFlowContent(of slot: Slot, to value: YAMLValue) {
    let node = slot.node
    let quotes: YAMLRendering.Quotes =
      switch node.content {
      case .scalar(.double): .double
      case .scalar(.single): .single
      default: .plain
      }
    let text = YAMLRendering.flow(value, quotes: quotes, quotedKeys: false)
    guard node.isEmpty else { return replace(node.start..<node.end, with: text) }
    replace(node.end..<node.end, with: (slot.hasColon ? " " : ": ") + text)
  }

  // MARK: Lines

  /// How to write what is followed by the line after one of the offsets.
  func habits(above offsets: [Int?]) -> YAMLHabits {
    var habits = habits
    for offset in offsets.compactMap({ $0 }) {
      var line = reader.nextLine(offset)
      while line < bytes.count, reader.isLineBreak(at: line + reader.spaces(at: line)) { line = reader.nextLine(line) }
      let column = reader.spaces(at: line)
      if line + column < bytes.count, bytes[line + column] == UInt8(ascii: "#") {
        habits.blockFloor = max(habits.blockFloor, column + 1)
      }
    }
    return habits
  }

  private func hasComment(after offset: Int) -> Bool {
    let line = bytes[offset..<max(offset, reader.lineEnd(offset))]
    return line.contains { $0 != 0x20 && $0 != 0x09 }
  }

  /// Below the line of an offset.
  mutating func insertLines(_ lines: [String], after offset: Int) {
    guard !lines.isEmpty else { return }
    let next = reader.nextLine(offset)
    let text = lines.joined(separator: habits.lineBreak)
    let isTerminated = next > offset && bytes[next - 1] == 0x0a
    replace(next..<next, with: isTerminated ? text + habits.lineBreak : habits.lineBreak + text)
  }

  /// Removes whole lines, and no more than there were: a file without a final line break stays so.
  mutating func removeLines(from start: Int, through end: Int) { replaceLines(from: start, through: end, with: []) }

  private mutating func replaceLines(from start: Int, through end: Int, with lines: [String]) {
    var first = reader.lineStart(start)
    let next = reader.nextLine(end)
    let isTerminated = next > first && bytes[next - 1] == 0x0a
    var text = lines.joined(separator: habits.lineBreak)
    if isTerminated, !lines.isEmpty { text += habits.lineBreak }
    if !isTerminated, lines.isEmpty, first > layout.start { first = reader.lineEnd(first - 1) }
    replace(first..<next, with: text)
  }

  /// A literal scalar at the end of a file without a final line break has none at its own end; what is added below
  /// would give it one.
  mutating func closeLastScalar() {
    guard bytes.last != 0x0a, splices.contains(where: { $0.range.lowerBound == bytes.count && !$0.text.isEmpty }) else {
      return
    }
    var node = layout.root
    while let last = node.children?.last?.node { node = last }
    guard case .scalar(.block(let headerEnd, _, isStripped: false)) = node.content, node.tail == bytes.count,
      !splices.contains(where: { $0.range.contains(headerEnd - 1) })
    else { return }
    let hasIndicator = bytes[headerEnd - 1] == UInt8(ascii: "+")
    replace((hasIndicator ? headerEnd - 1 : headerEnd)..<headerEnd, with: "-")
  }
}
