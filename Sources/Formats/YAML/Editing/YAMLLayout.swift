/// Where each part of a YAML document stands in its bytes.
///
/// The library that reads YAML for us tells where values start; to change a value in place, its end is needed too.
struct YAMLLayout {
  struct Node {
    indirect enum Content {
      /// Nothing is written: a null.
      case empty
      case alias
      case scalar(Scalar)
      case mapping([Child], isFlow: Bool)
      case list([Child], isFlow: Bool)
      /// A mapping of one entry without braces, inside a flow list.
      case pair
    }

    var content: Content
    /// From its properties (anchor and tag), if it has some, to its last byte that isn't blank.
    var start: Int
    var end: Int
    /// Where the properties end and the content starts; both equal `start` where there are no properties.
    var propertiesEnd: Int
    var contentStart: Int
    /// As `end`, with the blank lines that a literal scalar keeps (`|+`).
    var tail: Int
    var anchor: String?
    var isTagged = false
  }

  enum Scalar: Hashable {
    case plain, single, double
    /// - Parameter headerEnd: where the header (`|-`) ends.
    /// - Parameter column: the indentation of its lines.
    case block(headerEnd: Int, column: Int, isStripped: Bool)
  }

  /// An entry of a mapping or an element of a list.
  struct Child {
    /// Of the key, the dash or the element.
    var start: Int
    /// After the colon or the dash; where a flow mapping has a key alone, after the key.
    var introEnd: Int
    /// False for a key without a colon, which a flow mapping may hold.
    var hasColon = true
    /// Known once the layout has been compared with what the document means; nil in a list.
    var key: String?
    var node: Node
  }

  var root: Node
  /// After the byte order mark.
  var start: Int
  /// Where the content ends: before `...` or at the end of the file.
  var end: Int
  /// The names that aliases use.
  var usedAnchors: Set<String>
}

extension YAMLLayout.Node {
  var children: [YAMLLayout.Child]? {
    switch content {
    case .mapping(let children, _), .list(let children, _): children
    default: nil
    }
  }

  var isFlow: Bool {
    switch content {
    case .mapping(_, let isFlow), .list(_, let isFlow): isFlow
    default: false
    }
  }

  var isBlockCollection: Bool { children != nil && !isFlow }

  var isEmpty: Bool { if case .empty = content { start == end } else { false } }

  var hasProperties: Bool { anchor != nil || isTagged }

  /// Gives the keys their names, and makes sure that the document was understood as its reader understands it.
  /// - Throws: the offset at which they differ.
  mutating func adopt(_ meaning: YAMLMeaning) throws(YAMLMisreading) {
    switch (content, meaning.content) {
    case (.alias, _), (.pair, _), (.scalar, .scalar), (.empty, .scalar("", isPlain: true)): return
    case (.mapping(var children, let isFlow), .mapping(let entries)) where children.count == entries.count:
      for index in children.indices {
        children[index].key = entries[index].key
        try children[index].node.adopt(entries[index].value)
      }
      content = .mapping(children, isFlow: isFlow)
    case (.list(var children, let isFlow), .list(let items)) where children.count == items.count:
      for index in children.indices { try children[index].node.adopt(items[index]) }
      content = .list(children, isFlow: isFlow)
    default: throw YAMLMisreading(offset: start)
    }
  }

  /// The first anchor in it, itself included, that an alias uses.
  func anchor(in used: Set<String>) -> String? {
    guard !used.isEmpty else { return nil }
    if let anchor, used.contains(anchor) { return anchor }
    for child in children ?? [] {
      if let found = child.node.anchor(in: used) { return found }
    }
    return nil
  }
}

/// A document, or a part of it, whose layout isn't understood.
struct YAMLMisreading: Error {
  var offset: Int
  var reason = "this way of writing is not understood by the editor"
}
