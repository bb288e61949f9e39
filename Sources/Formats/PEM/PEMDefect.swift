extension PEM {
  /// Something about a PEM file that other readers stumble over.
  package struct Defect: Hashable, Sendable {
    /// Counted from 1. A defect of many lines is reported at its first.
    package var line: Int
    package var kind: Kind

    package init(line: Int, kind: Kind) {
      self.line = line
      self.kind = kind
    }

    package enum Kind: String, Hashable, Sendable, CaseIterable {
      case byteOrderMark
      case utf16
      case crlf
      case escapedNewlines
      case fusedLines
      case indentation
      case trailingWhitespace
      case missingFinalNewline
      case badBase64
      case unterminated
      case mismatchedEnd
      case strayEnd
      case damagedMarker
      case tooLarge

      /// Whether a block is lost to us because of it.
      package var isFatal: Bool {
        switch self {
        case .badBase64, .unterminated, .mismatchedEnd, .tooLarge: true
        default: false
        }
      }

      /// In words, to follow a line number.
      package var explanation: String {
        switch self {
        case .byteOrderMark: "the file starts with a byte order mark"
        case .utf16: "the file is UTF-16, not ASCII"
        case .crlf: "lines end in CRLF"
        case .escapedNewlines: "newlines are written as the two characters \\n"
        case .fusedLines: "a BEGIN or END marker shares its line with other text"
        case .indentation: "lines are indented"
        case .trailingWhitespace: "lines have white space at the end"
        case .missingFinalNewline: "the last line has no newline, so a file appended to this one breaks"
        case .badBase64: "the base64 between the markers is damaged"
        case .unterminated: "a BEGIN marker has no END marker"
        case .mismatchedEnd: "the END marker has another label than the BEGIN marker"
        case .strayEnd: "an END marker has no BEGIN marker"
        case .damagedMarker: "a BEGIN or END marker does not have exactly five ASCII dashes on both sides"
        case .tooLarge: "the file exceeds \(PEM.sizeLimit) bytes"
        }
      }
    }
  }
}
