/// Scalars written so that readers of YAML 1.1 and 1.2 take them for the text that they are.
extension YAMLText {
  /// In the shortest style that every parser takes for a string.
  static func scalar(_ text: String) -> String { isPlain(text) ? text : doubleQuoted(text) }

  /// Whether a text may stand without quotes, in block style and in flow style.
  static func isPlain(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last else { return false }
    let startsName = "._".utf8.contains(first) && bytes.count > 1 && isLetter(bytes[1])
    guard isLetter(first) || isDigit(first) || first == UInt8(ascii: "/") || startsName, !": ".utf8.contains(last)
    else { return false }
    // A key of more than 1024 bytes would need an indicator of its own.
    guard bytes.count <= 1000 || !bytes.contains(UInt8(ascii: ":")) else { return false }
    for (byte, next) in zip(bytes, bytes.dropFirst() + [0]) {
      switch byte {
      case UInt8(ascii: ":"), UInt8(ascii: " "):
        guard isLetter(next) || isDigit(next) || next == UInt8(ascii: "/") else { return false }
      default: guard isLetter(byte) || isDigit(byte) || "-_./+=@".utf8.contains(byte) else { return false }
      }
    }
    return readsAsText(text)
  }

  static func doubleQuoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": quoted += "\\\\"
      case "\"": quoted += "\\\""
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value > 0xffff ? 8 : 4
        quoted += (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
      }
    }
    return quoted + "\""
  }

  /// Nil where a text can't stand between single quotes on one line.
  static func singleQuoted(_ text: String) -> String? {
    guard text.unicodeScalars.allSatisfy(isPrintable) else { return nil }
    return "'" + text.replacing("'", with: "''") + "'"
  }

  /// The lines of a literal scalar; nil where the text can't be one without an indicator for indentation or for blank
  /// lines at its end.
  static func literalLines(_ text: String) -> [Substring]? {
    let lines = text.split(separator: "\n" as Character, omittingEmptySubsequences: false)
    let body = text.unicodeScalars.last == "\n" ? lines.dropLast() : lines[...]
    guard let first = body.first, let last = body.last, !isBlank(first), !isBlank(last),
      !first.hasPrefix(" "), !first.hasPrefix("\t"),
      body.allSatisfy({ $0.unicodeScalars.allSatisfy { isPrintable($0) || $0 == "\t" } })
    else { return nil }
    return Array(body)
  }

  private static func isBlank(_ line: Substring) -> Bool { line.allSatisfy { $0 == " " || $0 == "\t" } }

  /// Characters that need no escape between quotes.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

// What YAML 1.1 (yaml.org/type) reads as something else than text, and YAML 1.2's octal numbers.
extension YAMLText {
  /// Whether a plain scalar is text for every reader.
  static func readsAsText(_ plain: String) -> Bool {
    let word = plain.lowercased()
    return !words.contains(word) && !isInteger(word) && !isFloat(word) && !isSexagesimal(word) && !isDate(word)
  }

  private static let words: Set<String> = [
    "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".inf", "+.inf", "-.inf", ".nan",
  ]

  private static func isInteger(_ word: String) -> Bool {
    let digits = unsigned(word).filter { $0 != "_" }
    if digits.hasPrefix("0x") { return !digits.dropFirst(2).isEmpty && digits.dropFirst(2).allSatisfy(\.isHexDigit) }
    if digits.hasPrefix("0b") || digits.hasPrefix("0o") { return digits.dropFirst(2).allSatisfy(\.isHexDigit) }
    return !digits.isEmpty && digits.utf8.allSatisfy(isDigit)
  }

  private static func isFloat(_ word: String) -> Bool {
    let text = unsigned(word).filter { $0 != "_" }
    let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
    guard let mantissa = parts.first, mantissa.contains(where: \.isNumber),
      mantissa.allSatisfy({ $0 == "." || ($0.isASCII && $0.isNumber) }), mantissa.count(where: { $0 == "." }) <= 1
    else { return false }
    return parts.count == 1
      || (parts[1].contains(where: \.isNumber) && unsigned(String(parts[1])).utf8.allSatisfy(isDigit))
  }

  /// Such as 1:30, in base 60.
  private static func isSexagesimal(_ word: String) -> Bool {
    word.contains(":") && unsigned(word).utf8.allSatisfy { isDigit($0) || ":._".utf8.contains($0) }
  }

  /// Such as 2026-07-01, with or without a time.
  private static func isDate(_ word: String) -> Bool {
    let parts = word.utf8.prefix { isDigit($0) || $0 == UInt8(ascii: "-") }
      .split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0].count == 4 && (1...2).contains(parts[1].count)
      && (1...2).contains(parts[2].count)
  }

  private static func unsigned(_ word: String) -> Substring {
    word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word[...]
  }
}
