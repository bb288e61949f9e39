/// A value to be written into a TOML file.
package enum TOMLValue: Hashable, Sendable {
  case text(String)
  case flag(Bool)
  case number(Int)
  case list([String])
}

extension TOMLValue {
  /// - Parameter isLiteral: whether strings should stand in single quotes, where they can.
  func written(isLiteral: Bool) -> String {
    switch self {
    case .text(let text): isLiteral ? Self.literal(text) ?? Self.basic(text) : Self.basic(text)
    case .flag(let flag): flag ? "true" : "false"
    case .number(let number): String(number)
    case .list(let items): "[" + items.map(Self.basic).joined(separator: ", ") + "]"
    }
  }

  var meaning: TOMLLayout.Definition.Meaning {
    switch self {
    case .text(let text): .text(text)
    case .flag(let flag): .flag(flag)
    case .number(let number): .literal(String(number))
    case .list(let items): .arrayStart(count: items.count)
    }
  }

  static func key(_ path: some Collection<String>) -> String {
    path.map { !$0.isEmpty && $0.utf8.allSatisfy(isBare) ? $0 : basic($0) }.joined(separator: ".")
  }

  /// What keys without quotes are made of.
  static func isBare(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private static func literal(_ text: String) -> String? {
    text.unicodeScalars.allSatisfy { $0 != "'" && $0.value >= 0x20 && $0.value != 0x7f } ? "'\(text)'" : nil
  }

  private static func basic(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
