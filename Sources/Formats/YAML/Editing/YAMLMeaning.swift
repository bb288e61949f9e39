import Yams

/// What a YAML document says, without how it is laid out: enough to compare two versions of it.
///
/// Aliases are resolved; merge keys are not.
struct YAMLMeaning: Hashable, Sendable {
  indirect enum Content: Hashable, Sendable {
    case scalar(String, isPlain: Bool)
    case list([YAMLMeaning])
    case mapping([Entry])
  }

  struct Entry: Hashable, Sendable {
    var key: String
    var value: YAMLMeaning
  }

  var content: Content
  /// The full name of an explicit tag; nil for the usual ones.
  var tag: String?

  static let null = YAMLMeaning(content: .scalar("", isPlain: true))
}

extension YAMLMeaning {
  private static let nodeLimit = 500_000
  private static let depthLimit = 200
  private static let usualTags = Set(["str", "map", "seq"].map { "tag:yaml.org,2002:\($0)" })

  /// - Returns: null for a file without a document.
  /// - Throws: `.malformed`, `.uneditable` for several documents, repeated keys, and keys that are not text; `.tooLarge`.
  static func document(_ bytes: [UInt8]) throws(FormatError) -> YAMLMeaning {
    // The library counts the byte order mark as a column.
    let documents = try YAMLText.documents(bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes)
    if documents.count > 1 {
      throw .uneditable(
        line: documents[1].mark?.line ?? 1, reason: "a second document starts here",
        hint: "put each document into a file of its own")
    }
    guard let root = documents.first else { return .null }
    var count = 0
    return try meaning(of: root, depth: 0, count: &count)
  }

  // Aliases can make a small file grow without bound.
  private static func meaning(of node: Node, depth: Int, count: inout Int) throws(FormatError) -> YAMLMeaning {
    count += 1
    guard count <= nodeLimit else { throw .tooLarge(what: "the number of values of a YAML file", limit: nodeLimit) }
    guard depth <= depthLimit else { throw .tooLarge(what: "the nesting depth of a YAML file", limit: depthLimit) }
    let name = node.tag.description
    let tag = usualTags.contains(name) ? nil : name
    switch node {
    case .scalar(let scalar):
      return YAMLMeaning(
        content: .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any), tag: tag)
    case .sequence(let sequence):
      var items: [YAMLMeaning] = []
      for item in sequence { items.append(try meaning(of: item, depth: depth + 1, count: &count)) }
      return YAMLMeaning(content: .list(items), tag: tag)
    case .mapping(let mapping):
      var entries: [Entry] = []
      var keys: Set<String> = []
      for (key, value) in mapping {
        let line = key.mark?.line ?? 1
        guard let text = key.scalar?.string else {
          throw .uneditable(line: line, reason: "a key is not text", hint: "the file must be edited by hand")
        }
        guard keys.insert(text).inserted else {
          throw .uneditable(line: line, reason: "the key '\(text)' is given twice", hint: "remove one of the two")
        }
        entries.append(Entry(key: text, value: try meaning(of: value, depth: depth + 1, count: &count)))
      }
      return YAMLMeaning(content: .mapping(entries), tag: tag)
    case .alias:
      throw .malformed(format: "YAML file", reason: "it has an alias without its anchor")
    }
  }
}

extension YAMLMeaning {
  var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content, tag == nil else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
  var items: [YAMLMeaning]? { if case .list(let items) = content { items } else { nil } }

  subscript(key: String) -> YAMLMeaning? { entries?.first { $0.key == key }?.value }

  /// The text of a scalar, whatever a reader makes of it.
  var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }

  /// What sort of value this is, for messages.
  var kind: String {
    switch content {
    case .scalar: isNull ? "nothing" : "text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Whether every reader takes it for that value. The order of keys has no meaning.
  func says(_ value: YAMLValue) -> Bool {
    guard tag == nil else { return false }
    switch (content, value) {
    case (.scalar(let text, let isPlain), .text(let wanted)), (.scalar(let text, let isPlain), .block(let wanted)):
      return text == wanted && (!isPlain || YAMLText.readsAsText(text))
    case (.scalar(let text, isPlain: true), .flag(let wanted)):
      return (wanted ? ["true", "yes", "on"] : ["false", "no", "off"]).contains(text.lowercased())
    case (.scalar(let text, isPlain: true), .number(let wanted)): return text == String(wanted)
    case (.list(let items), .list(let wanted)):
      return items.count == wanted.count && zip(items, wanted).allSatisfy { $0.says($1) }
    case (.mapping(let entries), .mapping(let wanted)):
      return entries.count == wanted.entries.count
        && entries.allSatisfy { entry in wanted[entry.key].map { entry.value.says($0) } ?? false }
    default: return false
    }
  }

  /// The position of the element that a step names.
  func position(of step: YAMLStep) -> Int? {
    switch step {
    case .key(let key): entries?.firstIndex { $0.key == key }
    case .item(let key, let text): items?.firstIndex { $0[key]?.scalar == text }
    case .index(let index): items.flatMap { $0.indices.contains(index) ? index : nil }
    }
  }

  /// The values of a mapping or list, in order.
  var values: [YAMLMeaning] { entries?.map(\.value) ?? items ?? [] }
}
