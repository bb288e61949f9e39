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
    let isWildcard = text.hasPrefix("*.")
    let name = isWildcard ? text.utf8.dropFirst(2) : text.utf8[...]
    if isWildcard, !name.contains(UInt8(ascii: ".")) { return "a wildcard needs at least two labels after it" }
    var label = Label()
    for byte in name {
      if byte == UInt8(ascii: ".") {
        if let problem = label.problem { return problem }
        label = Label()
      } else {
        label.append(byte)
      }
    }
    if let problem = label.problem { return problem }
    return label.isNumber ? "the last label is a number" : nil
  }

  /// One label, looked at byte by byte: names are checked for every certificate, and need no copies for that.
  private struct Label {
    private var length = 0
    private var last: UInt8 = 0
    private var beginsWithHyphen = false
    private var hasWildcard = false
    private var hasForeignCharacter = false
    private(set) var isNumber = true

    mutating func append(_ byte: UInt8) {
      if length == 0 { beginsWithHyphen = byte == UInt8(ascii: "-") }
      length += 1
      last = byte
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
        isNumber = false
      case UInt8(ascii: "*"): hasWildcard = true
      default: hasForeignCharacter = true
      }
    }

    var problem: String? {
      if length == 0 { return "it has an empty label" }
      if length > 63 { return "a label is longer than 63 characters" }
      if beginsWithHyphen || last == UInt8(ascii: "-") { return "a label begins or ends with a hyphen" }
      if hasWildcard { return "a wildcard must be the whole leftmost label" }
      if hasForeignCharacter {
        return "only letters, digits and hyphens are allowed; write an international name as its A-label (xn--…)"
      }
      return nil
    }
  }
}
