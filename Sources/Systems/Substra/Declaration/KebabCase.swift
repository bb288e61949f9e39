/// Names as Helm's template function `kebabcase` writes them, by which the orchestrator's chart names its volumes.
package enum KebabCase {
  private enum Kind { case upper, lower, digit, separator }

  /// Lower case, a hyphen between words; nil for text with other characters than ASCII letters, digits, hyphens,
  /// underscores and spaces.
  ///
  /// A word begins at an upper-case letter after a lower-case one, and at the last of several before a lower-case
  /// one (`HTTPServer`). Digits belong to the word before them (`MyOrg1MSP`: `my-org1-msp`), unless a lower-case letter
  /// follows: then they begin a word, which takes in all lower-case letters and digits (`Duration2m3s`: `duration-2m3s`).
  package static func text(_ text: String) -> String? {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    var kinds: [Kind] = []
    for byte in rest {
      guard let kind = kind(byte) else { return nil }
      kinds.append(kind)
    }
    // Whether the word began with digits, so that letters and digits are all one.
    var isNumbered = false
    while let byte = rest.first {
      let index = rest.startIndex
      let before = index > 0 ? kinds[index - 1] : nil
      let after = index + 1 < kinds.count ? kinds[index + 1] : nil
      var beginsWord = false
      switch kinds[index] {
      case .separator: isNumbered = false
      case .upper:
        beginsWord = before == .lower || before == .digit || (before == .upper && after == .lower)
        if before != .upper || beginsWord { isNumbered = false }
      case .lower: break
      case .digit where before == .upper || before == .lower:
        beginsWord = !isNumbered && kinds[index...].first { $0 != .digit } == .lower
        if beginsWord { isNumbered = true }
      case .digit:
        if before != .digit { isNumbered = true }
      }
      if beginsWord { result.append(UInt8(ascii: "-")) }
      result.append(lowered(byte, kinds[index]))
      rest = rest.dropFirst()
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func kind(_ byte: UInt8) -> Kind? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
    case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: " "): .separator
    default: nil
    }
  }

  private static func lowered(_ byte: UInt8, _ kind: Kind) -> UInt8 {
    switch kind {
    case .upper: byte | 0x20
    case .separator: UInt8(ascii: "-")
    case .lower, .digit: byte
    }
  }
}
