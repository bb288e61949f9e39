import Diagnosis
import Foundation

/// Colours of a terminal, or none.
struct TextStyle: Sendable {
  enum Choice: String, Sendable { case auto, always, never }

  let isColored: Bool

  init(isColored: Bool) { self.isColored = isColored }

  /// `auto` colours a terminal unless NO_COLOR is set (https://no-color.org) or the terminal is dumb.
  init(_ choice: Choice, environment: [String: String], isTerminal: Bool) {
    switch choice {
    case .always: isColored = true
    case .never: isColored = false
    case .auto:
      let isRefused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
      isColored = isTerminal && !isRefused
    }
  }

  func bold(_ text: String) -> String { wrap(text, "1") }
  func red(_ text: String) -> String { wrap(text, "31") }
  func green(_ text: String) -> String { wrap(text, "32") }
  func yellow(_ text: String) -> String { wrap(text, "33") }
  func dim(_ text: String) -> String { wrap(text, "2") }

  /// A line as a terminal may see it. Names in certificates are chosen by strangers: of control characters only our
  /// own colours pass.
  func printable(_ line: String) -> String {
    guard isColored else { return line.printable }
    return line.split(separator: "\u{1B}", omittingEmptySubsequences: false).enumerated().map { index, part in
      guard index > 0 else { return String(part).printable }
      let code = part.dropFirst().prefix { "0123456789".contains($0) }
      let isColor = part.hasPrefix("[") && part.dropFirst(1 + code.count).hasPrefix("m")
      return isColor ? "\u{1B}[\(code)m" + String(part.dropFirst(2 + code.count)).printable : String(part).printable
    }.joined()
  }

  private func wrap(_ text: String, _ code: String) -> String { isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}

/// Columns of text, each as wide as its widest cell.
struct TextTable {
  var rows: [[String]]

  func lines(colorize: (_ row: Int, _ line: String) -> String = { $1 }) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.enumerated().map { index, row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      return colorize(index, line)
    }
  }
}

/// `name  value` pairs under each other.
func fieldLines(_ fields: [(String, String?)], indent: String = "") -> [String] {
  let present = fields.compactMap { name, value in value.map { (name, $0) } }
  let width = present.map { $0.0.count }.max() ?? 0
  return present.map { name, value in
    "\(indent)\(name)\(String(repeating: " ", count: width - name.count + 2))\(value)"
  }
}
