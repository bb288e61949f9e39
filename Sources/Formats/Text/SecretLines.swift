/// Hides what must not be shown in lines of settings (YAML, TOML, JSON, env files).
package enum SecretLines {
  static let mark = "[redacted]"

  /// Whether a key says of itself that its value is a secret: `Token`, `client-key-data`, `brokerPassword`. Names of
  /// Secrets and of files are none: `existingSecret`, `secretName`, `tokenFile`.
  package static func isSecretName(_ name: String) -> Bool {
    let words = words(name)
    guard let last = words.last, words.first != "existing" else { return false }
    if ["token", "tokens", "password", "passwords", "passphrase", "passphrases", "passwd", "secret"].contains(last) {
      return true
    }
    return ["key data", "license key", "api key", "private key", "secret key", "access key"]
      .contains(words.suffix(2).joined(separator: " "))
  }

  /// The same number of lines, with bodies of private keys and values of secret keys hidden.
  static func redacted(_ lines: [String], isSecret: (String) -> Bool) -> [String] {
    var result = lines
    hideNamed(&result, isSecret: isSecret)
    hidePEM(&result, of: lines)
    hideBase64(&result, of: lines)
    return result
  }

  // MARK: Private keys in PEM

  private static func hidePEM(_ result: inout [String], of lines: [String]) {
    var isInside = false
    for (index, line) in lines.enumerated() {
      var text = line[...]
      var shown = ""
      if isInside {
        guard let end = text.firstRange(of: "-----END ") else {
          hide(index, of: lines, as: indentation(line) + mark, in: &result)
          continue
        }
        let before = text[..<end.lowerBound]
        shown = before.allSatisfy(\.isWhitespace) ? String(before) : mark
        text = text[end.lowerBound...]
        isInside = false
      }
      if let begin = keyBegin(text) {
        let key = text[begin...]
        isInside = !key.contains("-----END ")
        // What follows the header on its line is part of the key, with line breaks escaped perhaps.
        shown += text[..<begin] + (isInside && isHeaderAlone(key) ? String(key) : mark)
      } else {
        shown += text
      }
      hide(index, of: lines, as: shown, in: &result)
    }
  }

  /// Unless more of it is hidden already.
  private static func hide(_ index: Int, of lines: [String], as shown: String, in result: inout [String]) {
    if result[index] == lines[index] { result[index] = shown }
  }

  /// Where the first private key of a line begins.
  private static func keyBegin(_ line: Substring) -> String.Index? {
    var rest = line
    while let begin = rest.firstRange(of: "-----BEGIN ") {
      if rest[begin.upperBound...].prefix(60).contains("PRIVATE KEY") { return begin.lowerBound }
      rest = rest[begin.upperBound...]
    }
    return nil
  }

  private static func isHeaderAlone(_ text: Substring) -> Bool {
    text.dropFirst("-----BEGIN ".count).allSatisfy { $0.isUppercase || $0.isWhitespace || $0 == "-" }
  }

  // MARK: Private keys in base64 of PEM

  /// Base64 may go on over lines, so that lines of nothing else are read together.
  private static func hideBase64(_ result: inout [String], of lines: [String]) {
    var run: [Int] = []
    var text: [UInt8] = []
    func closeRun() {
      if holdsKey(text[...]) {
        for index in run { hide(index, of: lines, as: indentation(lines[index]) + mark, in: &result) }
      }
      (run, text) = ([], [])
    }
    for (index, line) in lines.enumerated() {
      let bytes = line.utf8.drop { $0 == 0x20 || $0 == 0x09 }
      let content = bytes.last == 0x0d ? bytes.dropLast() : bytes
      guard !content.isEmpty, content.allSatisfy(isBase64) else {
        closeRun()
        let tokens: [Substring.UTF8View] = line.utf8.split { !isBase64($0) }.filter { $0.count >= 40 }
        if let token = tokens.first(where: { holdsKey(Array($0)[...]) }) {
          hide(index, of: lines, as: String(line[..<token.startIndex]) + mark, in: &result)
        }
        // It may go on in the next lines.
        text = tokens.last.map { Array($0) } ?? []
        continue
      }
      run.append(index)
      text += content
    }
    closeRun()
  }

  private static func holdsKey(_ text: ArraySlice<UInt8>) -> Bool {
    let bare = text.filter { $0 != UInt8(ascii: "=") }
    guard let bytes = try? Base64.decode(bare.dropLast(bare.count % 4)[...]) else { return false }
    return String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----")
  }

  private static func isBase64(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
  }

  private static func indentation(_ line: String) -> String { String(line.prefix { $0 == " " || $0 == "\t" }) }
}

// MARK: Keys by their names
extension SecretLines {
  private static func hideNamed(_ lines: inout [String], isSecret: (String) -> Bool) {
    /// The column of a secret key whose value may go on below it.
    var column: Int?
    /// The quotes that end a TOML string of several lines.
    var closing: String?
    for index in lines.indices {
      let line = lines[index]
      if let quotes = closing {
        if line.contains(quotes) { closing = nil }
        lines[index] = mark
        continue
      }
      if let key = column, belongs(line, below: key) {
        if !line.allSatisfy(\.isWhitespace) { lines[index] = indentation(line) + mark }
        continue
      }
      column = nil
      guard let found = assignment(in: line, isSecret: isSecret) else { continue }
      column = found.column
      let value = line[found.value...].drop { $0 == " " || $0 == "\t" }
      closing = ["\"\"\"", "'''"].first { value.hasPrefix($0) && !value.dropFirst(3).contains($0) }
      if !value.allSatisfy(\.isWhitespace), !value.hasPrefix("#") {
        lines[index] = line[..<found.value] + " " + mark
      }
    }
  }

  /// Deeper lines, blank ones, and the elements of a list whose dashes stand below their key.
  private static func belongs(_ line: String, below column: Int) -> Bool {
    let blanks = line.utf8.prefix { $0 == 0x20 || $0 == 0x09 }.count
    return line.allSatisfy(\.isWhitespace) || blanks > column
      || (blanks == column && line.dropFirst(blanks).hasPrefix("- "))
  }

  /// The first key of a line with a secret name: its column, and where its value begins.
  private static func assignment(
    in line: String, isSecret: (String) -> Bool
  ) -> (column: Int, value: String.Index)? {
    let bytes = Array(line.utf8)
    for (operation, byte) in bytes.enumerated() where byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") {
      var end = operation
      while end > 0, " \t\"'".utf8.contains(bytes[end - 1]) { end -= 1 }
      var start = end
      while start > 0, isNamePart(bytes[start - 1]) { start -= 1 }
      guard start < end, isSecret(String(decoding: bytes[start..<end], as: UTF8.self)) else { continue }
      let isQuoted = start > 0 && "\"'".utf8.contains(bytes[start - 1])
      return (isQuoted ? start - 1 : start, line.utf8.index(line.startIndex, offsetBy: operation + 1))
    }
    return nil
  }

  /// Letters of other scripts count too.
  private static func isNamePart(_ byte: UInt8) -> Bool {
    byte >= 0x80 || "-_.".utf8.contains(byte) || (isBase64(byte) && !"+/=".utf8.contains(byte))
  }

  /// `clientKey-data` in words: client, key, data.
  private static func words(_ name: String) -> [String] {
    var words: [String] = [""]
    var wasLower = false
    for character in name {
      if character.isLetter || character.isNumber {
        if character.isUppercase, wasLower { words.append("") }
        words[words.count - 1] += character.lowercased()
      } else {
        words.append("")
      }
      wasLower = character.isLowercase || character.isNumber
    }
    return words.filter { !$0.isEmpty }
  }
}
