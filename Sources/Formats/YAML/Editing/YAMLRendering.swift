/// Values as text: what stands after a key or a dash, and the lines below.
struct YAMLRendering {
  /// May be empty.
  var inline: String
  /// With their indentation, without line breaks.
  var lines: [String] = []
}

extension YAMLRendering {
  /// The style in which a string is written where it can be.
  enum Quotes { case plain, single, double }

  /// Where a value is to stand.
  struct Position {
    /// Of the mapping or list that the value belongs to; -1 for the root.
    var parent: Int
    /// Of the value's own keys or dashes, if it has some.
    var column: Int
    /// Of the lines of a literal scalar.
    var block: Int
    var quotes = Quotes.plain
  }

  static func block(_ value: YAMLValue, at position: Position, habits: YAMLHabits) -> YAMLRendering {
    switch value {
    case .block(let text):
      guard !text.isEmpty, let lines = YAMLText.literalLines(text) else { break }
      let pad = spaces(max(position.block, habits.blockFloor))
      return YAMLRendering(
        inline: text.hasSuffix("\n") || text.unicodeScalars.last == "\n" ? "|" : "|-",
        lines: lines.map { $0.isEmpty ? "" : pad + $0 })
    case .list(let items) where !items.isEmpty:
      return YAMLRendering(
        inline: "", lines: items.flatMap { item($0, column: position.column, gap: 1, habits: habits) })
    case .mapping(let mapping) where !mapping.entries.isEmpty:
      return YAMLRendering(
        inline: "", lines: mapping.entries.flatMap { entry($0, column: position.column, habits: habits) })
    default: break
    }
    return YAMLRendering(inline: flow(value, quotes: position.quotes, quotedKeys: false))
  }

  /// The lines of an entry of a block mapping.
  static func entry(_ entry: YAMLMapping.Entry, column: Int, habits: YAMLHabits) -> [String] {
    let isList = if case .list = entry.value { true } else { false }
    let position = Position(
      parent: column, column: column + (isList ? habits.listIndentation : habits.indentation),
      block: column + habits.indentation)
    let value = block(entry.value, at: position, habits: habits)
    let key = spaces(column) + YAMLText.scalar(entry.key) + ":"
    return [value.inline.isEmpty ? key : "\(key) \(value.inline)"] + value.lines
  }

  /// The lines of an element of a block list.
  /// - Parameter gap: the blanks after its dash.
  static func item(_ value: YAMLValue, column: Int, gap: Int, habits: YAMLHabits) -> [String] {
    let position = Position(parent: column, column: column + 1 + gap, block: column + habits.indentation)
    let rendered = block(value, at: position, habits: habits)
    let dash = spaces(column) + "-" + spaces(gap)
    if rendered.inline.isEmpty, let first = rendered.lines.first {
      return [dash + first.dropFirst(position.column)] + rendered.lines.dropFirst()
    }
    return [dash + rendered.inline] + rendered.lines
  }

  static func flow(_ value: YAMLValue, quotes: Quotes, quotedKeys: Bool) -> String {
    let inner = quotedKeys ? Quotes.double : .plain
    return switch value {
    case .text(let text), .block(let text): string(text, quotes: quotes)
    case .flag(let flag): flag ? "true" : "false"
    case .number(let number): String(number)
    case .list(let items):
      "[" + items.map { flow($0, quotes: inner, quotedKeys: quotedKeys) }.joined(separator: ", ") + "]"
    case .mapping(let mapping):
      "{" + mapping.entries.map { flowEntry($0, quotedKeys: quotedKeys) }.joined(separator: ", ") + "}"
    }
  }

  static func flowEntry(_ entry: YAMLMapping.Entry, quotedKeys: Bool) -> String {
    let key = quotedKeys ? YAMLText.doubleQuoted(entry.key) : YAMLText.scalar(entry.key)
    return "\(key): \(flow(entry.value, quotes: quotedKeys ? .double : .plain, quotedKeys: quotedKeys))"
  }

  private static func string(_ text: String, quotes: Quotes) -> String {
    switch quotes {
    case .plain: YAMLText.scalar(text)
    case .single: YAMLText.singleQuoted(text) ?? YAMLText.doubleQuoted(text)
    case .double: YAMLText.doubleQuoted(text)
    }
  }

  static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
