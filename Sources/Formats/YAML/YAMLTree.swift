import Yams

/// A YAML document as a tree that knows where each part of it stands.
///
/// Aliases are resolved: what an anchor names stands wherever it is used.
package struct YAMLTree: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case scalar(String)
    case list([YAMLTree])
    case mapping([Entry])
  }

  /// How a scalar is written; lists and mappings are `block`, whichever way they are.
  package enum Style: Hashable, Sendable { case plain, quoted, block }

  package struct Entry: Hashable, Sendable {
    package var key: String
    /// Where the key stands, counted from 1.
    package var place: Place
    package var value: YAMLTree
  }

  package struct Place: Hashable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  package var content: Content
  package var style: Style
  package var place: Place
}

extension YAMLTree {
  /// The values of a mapping by key; the last of a repeated key, as most readers take it.
  package subscript(key: String) -> YAMLTree? {
    entries?.last { $0.key == key }?.value
  }

  /// Follows keys through mappings.
  package func at(_ path: String...) -> YAMLTree? {
    path.reduce(self) { node, key in node?[key] }
  }

  package var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  package var items: [YAMLTree]? {
    if case .list(let items) = content { items } else { nil }
  }

  /// The text of a scalar; nil for a null.
  package var text: String? {
    guard case .scalar(let text) = content, !isNull else { return nil }
    return text
  }

  /// Nothing, `~` or `null`, without quotes (YAML 1.1, the tag `!!null`).
  package var isNull: Bool {
    guard case .scalar(let text) = content, style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// A truth value in YAML 1.1's spellings, without quotes.
  package var flag: Bool? {
    guard case .scalar(let text) = content, style == .plain, text.utf8.count <= 5 else { return nil }
    switch text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default: return nil
    }
  }

  package var number: Int? {
    guard case .scalar(let text) = content, style == .plain else { return nil }
    return Int(text)
  }

  /// What sort of value this is, for messages.
  package var kind: String {
    switch content {
    case .scalar: isNull ? "nothing" : "text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Text that is not YAML, and where.
package struct YAMLSyntaxError: Error, Hashable {
  package var problem: String
  package var place: YAMLTree.Place?
}

extension YAMLTree {
  private static let nodeLimit = 500_000
  private static let depthLimit = 200

  /// The documents of a file; an empty one is left out.
  package static func documents(_ bytes: [UInt8]) throws(YAMLSyntaxError) -> [YAMLTree] {
    guard bytes.count <= YAMLText.sizeLimit else {
      throw YAMLSyntaxError(problem: "it is larger than \(YAMLText.sizeLimit >> 20) MiB", place: nil)
    }
    // A byte order mark is allowed in front (YAML 1.2 §5.2), and the library stumbles over it.
    let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw YAMLSyntaxError(problem: "it is not UTF-8", place: nil)
    }
    var documents: [YAMLTree] = []
    do {
      let parser = try Parser(yaml: text, resolver: .basic)
      var count = 0
      while let root = try parser.nextRoot() { documents.append(try tree(root, depth: 0, count: &count)) }
    } catch let error as YAMLSyntaxError {
      throw error
    } catch let error as YamlError {
      throw YAMLSyntaxError(error)
    } catch {
      throw YAMLSyntaxError(problem: "it could not be parsed", place: nil)
    }
    return documents
  }

  /// The only document of a file; nil where the file is empty.
  package static func document(_ bytes: [UInt8]) throws(YAMLSyntaxError) -> YAMLTree? {
    let all = try documents(bytes)
    if all.count > 1 {
      throw YAMLSyntaxError(problem: "it holds \(all.count) documents, and one is expected", place: all[1].place)
    }
    return all.first.flatMap { $0.isNull ? nil : $0 }
  }

  // Aliases can make a small file grow without bound.
  private static func tree(_ node: Node, depth: Int, count: inout Int) throws -> YAMLTree {
    let place = Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    count += 1
    guard count <= nodeLimit, depth <= depthLimit else {
      throw YAMLSyntaxError(problem: "it has too many values, or they are nested too deeply", place: place)
    }
    switch node {
    case .scalar(let scalar):
      let style: Style =
        switch scalar.style {
        case .plain, .any: .plain
        case .literal, .folded: .block
        default: .quoted
        }
      return YAMLTree(content: .scalar(scalar.string), style: style, place: place)
    case .sequence(let sequence):
      let items = try sequence.map { try tree($0, depth: depth + 1, count: &count) }
      return YAMLTree(content: .list(items), style: .block, place: place)
    case .mapping(let mapping):
      let entries = try mapping.map { key, value in
        let name = try tree(key, depth: depth + 1, count: &count)
        guard case .scalar(let text) = name.content else {
          throw YAMLSyntaxError(problem: "a key must be text", place: name.place)
        }
        return Entry(key: text, place: name.place, value: try tree(value, depth: depth + 1, count: &count))
      }
      return YAMLTree(content: .mapping(entries), style: .block, place: place)
    case .alias:
      throw YAMLSyntaxError(problem: "an alias without its anchor", place: place)
    }
  }
}

extension YAMLSyntaxError {
  /// Without the excerpt that the library adds: it may be a key.
  init(_ error: YamlError) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(problem: problem, place: .init(line: mark.line, column: mark.column))
    case .duplicatedKeysInMapping(let duplicates, let context):
      let name = duplicates.first.map { "\($0)" } ?? ""
      self.init(
        problem: "the key \"\(name)\" stands twice in one mapping",
        place: .init(line: context.mark.line, column: context.mark.column))
    case .reader: self.init(problem: "it holds characters that YAML doesn't allow", place: nil)
    default: self.init(problem: "it could not be parsed", place: nil)
    }
  }
}
