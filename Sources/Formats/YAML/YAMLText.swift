import Yams

/// YAML read through Yams, and scalars written.
enum YAMLText {
  /// Larger files are refused; a Helm values file of a megabyte would be remarkable.
  static let sizeLimit = 4 << 20

  /// The root nodes of all documents.
  /// - Throws: `.malformed` with line and reason; `.tooLarge`.
  static func documents(_ bytes: [UInt8]) throws(FormatError) -> [Node] {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "the size in bytes of a YAML file", limit: sizeLimit) }
    do {
      // The basic resolver: we read texts alone, and the default one compiles regular expressions to tell numbers.
      let parser = try Parser(yaml: String(decoding: bytes, as: UTF8.self), resolver: .basic)
      var documents: [Node] = []
      while let root = try parser.nextRoot() { documents.append(root) }
      return documents
    } catch let error as YamlError {
      throw .malformed(format: "YAML file", reason: reason(error))
    } catch {
      throw .malformed(format: "YAML file", reason: "it could not be parsed")
    }
  }

  /// A string in the shortest style that every parser takes for a string.
  static func scalar(_ text: String) -> String {
    let isPlain =
      text.utf8.first.map { byte in isLetter(byte) || byte == UInt8(ascii: "/") } == true
      && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_./+=".utf8.contains($0) }
      && !reserved.contains(text.lowercased())
    guard !isPlain else { return text }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }

  /// Words that YAML 1.1 reads as something else than text.
  private static let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// Without the excerpt that the library adds: it may be a key.
  private static func reason(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      "line \(context.mark.line): the key '\(duplicates.first.map { "\($0)" } ?? "")' is given twice"
    case .reader: "it holds characters that YAML doesn't allow"
    default: "it could not be parsed"
    }
  }
}
