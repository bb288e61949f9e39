import Foundation

/// A scripted case: prose, and commands with the output that is expected of them.
///
///     A node's request is signed
///
///       $ countersign sign node.csr
///       asked  CN=node; DNS:node; P-256
///       ! error: a line of standard error
///       [exit 2]
///
/// Prose starts at the margin and its first line is the title. Commands and output are indented by two spaces; a
/// command goes on with `> `. Standard output comes first, then standard error behind `! `, then the exit code unless
/// it is 0.
struct Script: Sendable {
  struct Command: Sendable {
    /// What bash runs; several lines where it has continuations.
    var text: String
    var output: [String]
  }

  enum Part: Sendable {
    case prose(String)
    case command(Command)
  }

  var parts: [Part]

  init(parsing text: String) {
    parts = []
    var blanks = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.isEmpty {
        blanks += 1
      } else if !line.hasPrefix("  ") {
        parts += Array(repeating: .prose(""), count: blanks) + [.prose(line)]
        blanks = 0
      } else if line.hasPrefix("  $ ") {
        parts += Array(repeating: .prose(""), count: blanks)
        parts.append(.command(Command(text: String(line.dropFirst(4)), output: [])))
        blanks = 0
      } else {
        append(String(line.dropFirst(2)), after: blanks)
        blanks = 0
      }
    }
  }

  var title: String {
    for case .prose(let line) in parts where !line.isEmpty { return line }
    return "(untitled)"
  }

  var commands: [Command] {
    parts.compactMap { part in
      if case .command(let command) = part { command } else { nil }
    }
  }

  /// The file's text, with other output than the recorded one.
  func rendered(outputs: [[String]]) -> String {
    var outputs = outputs[...]
    var lines: [String] = []
    for part in parts {
      switch part {
      case .prose(let line): lines.append(line)
      case .command(let command):
        let source = command.text.split(separator: "\n", omittingEmptySubsequences: false)
        lines += source.enumerated().map { "  \($0 == 0 ? "$" : ">") \($1)" }
        lines += (outputs.popFirst() ?? []).map { $0.isEmpty ? "" : "  \($0)" }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// An empty line inside output is output; before the next command or prose it is layout.
  private mutating func append(_ line: String, after blanks: Int) {
    guard case .command(var command) = parts.last else { return parts.append(.prose("  \(line)")) }
    if line == ">" || line.hasPrefix("> "), command.output.isEmpty {
      command.text += "\n" + line.dropFirst(2)
    } else {
      command.output += Array(repeating: "", count: blanks) + [line]
    }
    parts[parts.count - 1] = .command(command)
  }
}
