/// A host name that may stand in a certificate: letters, digits and hyphens (RFC 5280 §4.2.1.6, RFC 1034 §3.5),
/// with one wildcard as the whole leftmost label at most (RFC 9525 §6.3).
package struct DNSName: Hashable, Sendable {
  package let text: String

  package init(_ text: String) throws(IdentityError) {
    if let problem = Self.problem(of: text) { throw .invalidDNSName(text, reason: problem) }
    self.text = text
  }

  package var isWildcard: Bool { text.hasPrefix("*.") }

  private static func problem(of text: String) -> String? {
    if text.isEmpty { return "it is empty" }
    if text.utf8.count > 253 { return "it is longer than 253 characters" }
    var labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if labels.first?.elementsEqual("*".utf8) == true {
      labels.removeFirst()
      if labels.count < 2 { return "a wildcard needs at least two labels after it" }
    }
    for label in labels {
      if let problem = self.problem(ofLabel: label) { return problem }
    }
    if let last = labels.last, last.allSatisfy(isDigit) { return "the last label is a number" }
    return nil
  }

  private static func problem(ofLabel label: Substring.UTF8View) -> String? {
    if label.isEmpty { return "it has an empty label" }
    if label.count > 63 { return "a label is longer than 63 characters" }
    if label.first == UInt8(ascii: "-") || label.last == UInt8(ascii: "-") {
      return "a label begins or ends with a hyphen"
    }
    guard label.allSatisfy({ isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }) else {
      return label.contains(UInt8(ascii: "*"))
        ? "a wildcard must be the whole leftmost label"
        : "only letters, digits and hyphens are allowed; write an international name as its A-label (xn--…)"
    }
    return nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
}
