/// Host names as certificates hold them: ASCII, letters, digits and hyphens (RFC 5280 §4.2.1.6, RFC 1123 §2.1).
enum HostName {
  /// Whether the text is a host name in the preferred syntax. International names must be in A-labels.
  static func isValid(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8.prefix(254))
    guard (1...253).contains(bytes.count) else { return false }
    return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
  }

  /// Whether the text is a host name, or one with `*` as its whole leftmost label.
  static func isValidPattern(_ text: String) -> Bool {
    isValid(text.hasPrefix("*.") ? text.dropFirst(2) : text[...])
  }

  /// Compares a host with a presented name (RFC 9525 §6.3): without regard to case, where `*` as the whole leftmost
  /// label stands for exactly one label, and never for all names under a single-label domain.
  static func matches(_ host: String, pattern: String) -> Bool {
    guard isValid(host), isValidPattern(pattern) else { return false }
    let host = host.lowercased()
    let pattern = pattern.lowercased()
    guard pattern.hasPrefix("*.") else { return host == pattern }
    let parent = pattern.dropFirst(2)
    guard parent.contains("."), let dot = host.firstIndex(of: ".") else { return false }
    // "xn--*" can't get here: a wildcard is a whole label, and may stand for an A-label (RFC 9525 §6.3).
    return host[host.index(after: dot)...] == parent
  }

  /// Whether the name is the domain or below it. An empty domain holds every name.
  static func isWithin(_ name: some StringProtocol, domain: some StringProtocol) -> Bool {
    let name = name.lowercased()
    let domain = domain.lowercased()
    return domain.isEmpty || name == domain || name.hasSuffix("." + domain)
  }

  private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
    guard let first = label.first, label.count <= 63, first != hyphen else { return false }
    var last = first
    for byte in label {
      guard isLetterOrDigit(byte) || byte == hyphen else { return false }
      last = byte
    }
    return last != hyphen
  }

  private static let hyphen = UInt8(ascii: "-")

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }
}
