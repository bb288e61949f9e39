import Yams

/// A mapping of a kubeconfig, read field by field.
struct KubeconfigFields {
  /// What it is, in an error: `user 'admin'`.
  let title: String
  private let path: String
  private let line: Int?
  private let mapping: Node.Mapping

  /// - Throws: ``KubeconfigError`` when the node is something else.
  init(_ node: Node, of title: String, path: String) throws(KubeconfigError) {
    self.init(title: title, path: path, line: node.mark?.line, mapping: node.mapping ?? [:])
    guard node.mapping != nil else { throw failure("is not a mapping") }
  }

  private init(title: String, path: String, line: Int?, mapping: Node.Mapping) {
    self.title = title
    self.path = path
    self.line = line
    self.mapping = mapping
  }

  /// An entry without a body.
  static func empty(_ title: String, _ parent: KubeconfigFields) -> KubeconfigFields {
    KubeconfigFields(title: title, path: parent.path, line: parent.line, mapping: [:])
  }

  subscript(key: String) -> Node? { mapping[key] }

  /// A text; nil when the field is missing or empty.
  func text(_ key: String) throws(KubeconfigError) -> String? {
    guard let node = mapping[key], !Self.isNull(node) else { return nil }
    let text = try string(node, key)
    return text.isEmpty ? nil : text
  }

  /// The text of a node. None holds NUL: what is passed on to other programs would end there.
  func string(_ node: Node, _ key: String) throws(KubeconfigError) -> String {
    guard let text = node.scalar?.string, !text.utf8.contains(0) else {
      throw failure("has a \(key) that is not a string")
    }
    return text
  }

  func flag(_ key: String) throws(KubeconfigError) -> Bool {
    switch try text(key) {
    case nil, "false": false
    case "true": true
    default: throw failure("has \(key), which is neither true nor false")
    }
  }

  func list(_ key: String) throws(KubeconfigError) -> [Node] {
    guard let node = mapping[key], !Self.isNull(node) else { return [] }
    guard let sequence = node.sequence else { throw failure("has \(key), which is not a list") }
    return Array(sequence)
  }

  func fields(_ key: String, of title: String) throws(KubeconfigError) -> KubeconfigFields? {
    guard let node = mapping[key], !Self.isNull(node) else { return nil }
    return try KubeconfigFields(node, of: title, path: path)
  }

  /// `key-data` in base64, which has the say, or the file that `key` names.
  func material(_ key: String) throws(KubeconfigError) -> Kubeconfig.Material? {
    guard let text = try text(key + "-data") else { return try file(key).map { .file($0) } }
    guard let bytes = try? Base64.decode(Array(text.utf8)[...]) else {
      throw failure("has \(key)-data that is not base64", hint: "make it with `base64 -w0`")
    }
    return .data(bytes)
  }

  func file(_ key: String) throws(KubeconfigError) -> String? { try text(key).map(resolved) }

  /// A path of the file, which is relative to the file's folder.
  func resolved(_ other: String) -> String {
    guard !other.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return other }
    return path[...slash] + other
  }

  func failure(_ problem: String, hint: String? = nil) -> KubeconfigError {
    KubeconfigError("\(path)\(line.map { ":\($0)" } ?? ""): \(title) \(problem)", hint: hint)
  }

  static func isNull(_ node: Node) -> Bool {
    node.scalar.map { $0.style == .plain && ["", "null", "~"].contains($0.string) } ?? false
  }

  static func isEmpty(_ node: Node) -> Bool {
    isNull(node) || node.scalar?.string.isEmpty == true || node.sequence?.isEmpty == true
      || node.mapping?.isEmpty == true
  }
}
