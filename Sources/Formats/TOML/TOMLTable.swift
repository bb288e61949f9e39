/// Reads the strings and booleans of one table of a TOML file (toml.io, version 1.0). The rest is not looked at.
package enum TOMLTable {
  package static let sizeLimit = 4 << 20

  /// - Parameter table: its dotted name, such as `router.upstream.tls`.
  /// - Returns: nil where the file has no such table; strings without their quotes, other values as written.
  /// - Throws: `.tooLarge`; `.malformed` for a file that is not UTF-8.
  package static func values(of table: String, in bytes: [UInt8]) throws(FormatError) -> [String: String]? {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "the size in bytes of a TOML file", limit: sizeLimit) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(format: "TOML file", reason: "it is not UTF-8")
    }
    var values: [String: String]?
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.hasPrefix("[") {
        isInside = name(ofHeader: line) == table
        if isInside, values == nil { values = [:] }
      } else if isInside, let (key, value) = pair(line) {
        values?[key] = value
      }
    }
    return values
  }

  private static func name(ofHeader line: Substring) -> String? {
    guard let end = line.firstIndex(of: "]") else { return nil }
    return line[line.index(after: line.startIndex)..<end].filter { $0 != " " && $0 != "\"" }
  }

  private static func pair(_ line: Substring) -> (String, String)? {
    guard let equals = line.firstIndex(of: "="), !line.hasPrefix("#") else { return nil }
    let value = trimmed(line[line.index(after: equals)...])
    let key = String(trimmed(line[..<equals]))
    guard let quote = value.first, quote == "\"" || quote == "'" else {
      return (key, String(trimmed(value.prefix { $0 != "#" })))
    }
    return (key, String(value.dropFirst().prefix { $0 != quote }))
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
