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
