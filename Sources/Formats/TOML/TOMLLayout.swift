/// A TOML file (toml.io, version 1.0) and where each part of it stands in its bytes.
struct TOMLLayout {
  /// A header and what follows it up to the next; the first one, without a header, is the root.
  struct Table {
    var path: [String]
    /// `[[path]]`
    var isElement = false
    /// Of the header or the start of the file.
    var start: Int
    /// Past the header's bracket or, without one, the start of the file.
    var headerEnd: Int
    var entries: [Entry] = []
  }

  struct Entry {
    /// Below the table; longer than one for a dotted key.
    var path: [String]
    var start: Int
    var keyEnd: Int
    var value: Value
  }

  struct Value {
    indirect enum Content {
      case text(String)
      case flag(Bool)
      /// Numbers and dates, as written.
      case literal(String)
      case array([Value])
      case table([Entry])
    }

    var content: Content
    var range: Range<Int>
  }

  var tables: [Table]

  static let sizeLimit = 4 << 20
}

extension TOMLLayout.Value {
  func says(_ value: TOMLValue) -> Bool {
    switch (content, value) {
    case (.text(let text), .text(let wanted)): text == wanted
    case (.flag(let flag), .flag(let wanted)): flag == wanted
    case (.literal(let text), .number(let wanted)): text.filter { $0 != "_" } == String(wanted)
    case (.array(let items), .list(let wanted)):
      items.count == wanted.count && zip(items, wanted).allSatisfy { $0.says(.text($1)) }
    default: false
    }
  }
}

// MARK: What it means
extension TOMLLayout {
  /// A value with its whole path. Elements of arrays of tables have their number in it.
  struct Definition: Hashable {
    enum Meaning: Hashable {
      case text(String)
      case flag(Bool)
      case literal(String)
      case arrayStart(count: Int)
      case table
    }

    var path: [String]
    var meaning: Meaning
  }

  /// Everything that the file defines.
  /// - Throws: `.malformed` where a key or table is defined twice.
  func definitions(_ line: (Int) -> Int) throws(FormatError) -> Set<Definition> {
    var register = TOMLRegister()
    for table in tables {
      guard let path = register.open(table) else {
        throw Self.twice(table.path, line(table.start))
      }
      for entry in table.entries {
        guard register.add(entry, below: path) else { throw Self.twice(table.path + entry.path, line(entry.start)) }
      }
    }
    return register.definitions
  }

  private static func twice(_ path: [String], _ line: Int) -> FormatError {
    .malformed(format: "TOML file", reason: "line \(line): \(path.joined(separator: ".")) is defined twice")
  }
}

/// Keeps the rules of TOML on what may be defined once, and where.
private struct TOMLRegister {
  private enum Kind {
    case value, header
    case element(count: Int)
    /// Brought into being by the header of a table inside it; may have a header of its own later.
    case implied
    /// By a dotted key; may have no header.
    case dotted
  }

  private(set) var definitions: Set<TOMLLayout.Definition> = []
  private var kinds: [[String]: Kind] = [:]

  /// - Returns: the path with the numbers of elements; nil where the table can't be defined here.
  mutating func open(_ table: TOMLLayout.Table) -> [String]? {
    guard let last = table.path.last else { return [] }
    var path: [String] = []
    for step in table.path.dropLast() {
      path.append(step)
      switch kinds[path] {
      case nil: kinds[path] = .implied
      case .value: return nil
      case .element(let count): path.append("#\(count)")
      case .header, .implied, .dotted: break
      }
    }
    path.append(last)
    switch (kinds[path], table.isElement) {
    case (nil, true), (.element, true):
      let count = if case .element(let count) = kinds[path] { count + 1 } else { 1 }
      kinds[path] = .element(count: count)
      path.append("#\(count)")
    case (nil, false), (.implied, false): kinds[path] = .header
    default: return nil
    }
    definitions.insert(.init(path: path, meaning: .table))
    return path
  }

  /// - Returns: false where the key is defined already.
  mutating func add(_ entry: TOMLLayout.Entry, below table: [String]) -> Bool {
    var path = table
    for step in entry.path.dropLast() {
      path.append(step)
      switch kinds[path] {
      case nil: kinds[path] = .dotted
      case .dotted: break
      default: return false
      }
    }
    path.append(entry.path.last ?? "")
    guard kinds[path] == nil else { return false }
    kinds[path] = .value
    return define(entry.value, at: path)
  }

  private mutating func define(_ value: TOMLLayout.Value, at path: [String]) -> Bool {
    switch value.content {
    case .text(let text): definitions.insert(.init(path: path, meaning: .text(text)))
    case .flag(let flag): definitions.insert(.init(path: path, meaning: .flag(flag)))
    case .literal(let text): definitions.insert(.init(path: path, meaning: .literal(text)))
    case .array(let items):
      definitions.insert(.init(path: path, meaning: .arrayStart(count: items.count)))
      for (index, item) in items.enumerated() {
        guard define(item, at: path + ["#\(index)"]) else { return false }
      }
    case .table(let entries):
      definitions.insert(.init(path: path, meaning: .table))
      for entry in entries {
        guard add(entry, below: path) else { return false }
      }
    }
    return true
  }
}
