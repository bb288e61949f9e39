import Formats

extension LintFile {
  /// Reads a file by its name's ending; where that says nothing, by trying.
  package init(path: String, bytes: [UInt8]) {
    self.init(path: path, bytes: bytes, content: Self.content(of: bytes, named: path))
  }

  private static func content(of bytes: [UInt8], named path: String) -> Content {
    switch FileEnding(path) {
    case .yaml: (try? YAMLTree.documents(bytes)).map(Content.yaml) ?? .other
    case .toml: .toml
    case .credential: pem(bytes)
    case .unknown:
      // A text about certificates is no YAML, even where a line of it could be taken for such.
      if PEM.isLikely(bytes), !isIndented(bytes) { pem(bytes) } else { yaml(bytes) ?? pem(bytes) }
    case .foreign: .other
    }
  }

  private static func pem(_ bytes: [UInt8]) -> Content {
    guard PEM.isLikely(bytes) else { return .other }
    return .pem(PEM.scan(bytes).blocks)
  }

  /// A mapping, or a list of them: any text is YAML of some sort.
  private static func yaml(_ bytes: [UInt8]) -> Content? {
    guard let documents = try? YAMLTree.documents(bytes) else { return nil }
    let isStructured = documents.contains { $0.entries != nil || $0.items?.contains { $0.entries != nil } == true }
    return isStructured ? .yaml(documents) : nil
  }

  /// Whether each BEGIN line stands right of the margin or behind a key, as PEM in YAML does.
  private static func isIndented(_ bytes: [UInt8]) -> Bool {
    !bytes.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: "-----BEGIN ".utf8) }
  }
}

/// What a file's name promises.
enum FileEnding: Hashable, Sendable {
  case yaml, toml
  /// Certificates, keys and stores of them.
  case credential
  /// Texts and programs, which hold none of it.
  case foreign
  case unknown

  init(_ path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else {
      self = .unknown
      return
    }
    switch name[name.index(after: dot)...].lowercased() {
    case "yaml", "yml", "json": self = .yaml
    case "toml": self = .toml
    case "pem", "crt", "cer", "cert", "der", "key", "csr", "req", "crl", "p7b", "p12", "pfx", "jks", "keystore",
      "truststore", "ca-bundle":
      self = .credential
    case "md", "sh", "html", "htm", "rst", "adoc", "py", "go", "js", "css", "gz", "tgz", "zip", "png", "svg", "swift":
      self = .foreign
    default: self = .unknown
    }
  }

  /// Whether the ending is one of YAML's own.
  static func isYAML(_ path: String) -> Bool {
    let path = path.lowercased()
    return path.hasSuffix(".yaml") || path.hasSuffix(".yml")
  }
}
