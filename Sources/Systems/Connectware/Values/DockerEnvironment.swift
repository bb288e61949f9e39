/// The `.env` file of Docker Compose: a variable a line.
package struct DockerEnvironment: Hashable, Sendable {
  package private(set) var text: String

  /// Nil where the bytes are not UTF-8.
  package init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self.text = text
  }

  /// The value of a variable: of its last line, without quotes.
  package subscript(name: String) -> String? {
    lines.last { Self.name(of: $0) == name }.map { Self.value(of: $0) }
  }

  /// Sets a variable in each line that sets it, else in a new one at the end. What says the same already stays.
  package mutating func set(_ name: String, to value: String) {
    let lineBreak = text.contains("\r\n") ? "\r\n" : "\n"
    var lines = self.lines
    let places = lines.indices.filter { Self.name(of: lines[$0]) == name }
    for index in places where Self.value(of: lines[index]) != value {
      lines[index] = lines[index].prefix { $0 != "=" } + "=\(value)"
    }
    if places.isEmpty {
      // A file without a final line break has its last variable in the last element.
      if lines.last?.isEmpty == true { lines.removeLast() }
      lines += ["\(name)=\(value)", ""]
    }
    text = lines.joined(separator: lineBreak)
  }

  private var lines: [Substring] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  /// Nil for a comment, and for what is no assignment.
  private static func name(of line: Substring) -> String? {
    guard let equals = line.firstIndex(of: "=") else { return nil }
    let words = line[..<equals].split { $0 == " " || $0 == "\t" }
    let isExport = words.count == 2 && words[0] == "export"
    guard words.count == 1 || isExport, let name = words.last, !name.hasPrefix("#") else { return nil }
    return String(name)
  }

  private static func value(of line: Substring) -> String {
    let value = line.drop { $0 != "=" }.dropFirst().drop { $0 == " " || $0 == "\t" }
    if let quote = value.first, quote == "\"" || quote == "'" {
      return String(value.dropFirst().prefix { $0 != quote })
    }
    return String(value.prefix { $0 != " " && $0 != "\t" && $0 != "#" })
  }
}
