import Foundation

/// Takes out of a server's words whatever we sent in confidence: some servers quote what they refuse.
struct Redaction: Sendable {
  private let secrets: [String]

  init(_ secrets: [String] = []) { self.secrets = secrets.filter { $0.utf8.count >= 4 } }

  /// Of a configuration that is sent: every value of `data` and `stringData`, encoded and decoded.
  init(ofConfiguration configuration: JSONValue?) {
    var secrets: [String] = []
    for field in ["data", "stringData"] {
      for value in (configuration?[field]?.object ?? [:]).values.compactMap(\.string) {
        secrets.append(value)
        if let decoded = Data(base64Encoded: value) { secrets.append(String(decoding: decoded, as: UTF8.self)) }
      }
    }
    self.init(secrets)
  }

  func adding(_ secret: String?) -> Redaction { Redaction(secrets + [secret].compactMap { $0 }) }

  /// One printable line, without the secrets and without any long piece of them.
  func clean(_ text: String) -> String {
    var text = text
    for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) {
      text = text.replacingOccurrences(of: secret, with: Self.mark)
    }
    var cleaned = ""
    for run in Self.runs(of: text) {
      let isPiece = run.utf8.count >= Self.piece && secrets.contains { $0.contains(run) }
      cleaned += isPiece ? Self.mark : String(run)
    }
    return PrintableText.line(cleaned)
  }

  private static let mark = "[redacted]"
  /// Shorter pieces occur in both by chance.
  private static let piece = 12

  /// The text, cut where characters of base64 meet others.
  private static func runs(of text: String) -> [Substring] {
    var runs: [Substring] = []
    var start = text.startIndex
    var wasEncoded: Bool?
    for index in text.indices {
      let isEncoded =
        text[index].isASCII && (text[index].isLetter || text[index].isNumber || "+/=_-".contains(text[index]))
      if let wasEncoded, wasEncoded != isEncoded {
        runs.append(text[start..<index])
        start = index
      }
      wasEncoded = isEncoded
    }
    runs.append(text[start...])
    return runs
  }
}

/// Words of others, fit for a terminal.
enum PrintableText {
  static let limit = 500

  /// One line of at most ``limit`` characters without control characters.
  static func line(_ text: String) -> String {
    var line = ""
    var wasSpace = true
    for scalar in text.unicodeScalars.prefix(4 * limit) {
      let isSpace = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
      // Format characters may turn the direction of what follows.
      if scalar.properties.generalCategory == .format { continue }
      if isSpace {
        if !wasSpace { line.unicodeScalars.append(" ") }
      } else {
        line.unicodeScalars.append(scalar)
      }
      wasSpace = isSpace
    }
    while line.hasSuffix(" ") { line.removeLast() }
    return line.count > limit ? String(line.prefix(limit)) + "…" : line
  }
}
