/// The parts of a URI that decide whether two are the same, and its host (RFC 3986 §3, RFC 5280 §7.4).
///
/// Scheme and host compare without regard to case; all else compares exactly.
struct URIReference: Hashable, Sendable {
  var scheme: String
  var userInfo: String?
  /// Lower case, without brackets and port. Nil for a URI without an authority, such as `urn:…`.
  var host: String?
  var port: String?
  /// Path, query and fragment as they stand.
  var rest: String

  /// Nil for a relative reference: a certificate's URI is absolute.
  init?(_ text: String) {
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), let colon = text.firstIndex(of: ":") else { return nil }
    let scheme = text[..<colon]
    guard let first = scheme.first, first.isLetter,
      scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
    else { return nil }
    self.scheme = scheme.lowercased()
    let after = text[text.index(after: colon)...]
    guard after.hasPrefix("//") else {
      rest = String(after)
      return
    }
    let hierarchy = after.dropFirst(2)
    let end = hierarchy.firstIndex { "/?#".contains($0) } ?? hierarchy.endIndex
    rest = String(hierarchy[end...])
    guard readAuthority(hierarchy[..<end]) else { return nil }
  }

  private mutating func readAuthority(_ authority: Substring) -> Bool {
    var hostAndPort = authority
    if let at = authority.lastIndex(of: "@") {
      userInfo = String(authority[..<at])
      hostAndPort = authority[authority.index(after: at)...]
    }
    if hostAndPort.hasPrefix("[") {
      guard let close = hostAndPort.firstIndex(of: "]") else { return false }
      host = hostAndPort[..<hostAndPort.index(after: close)].lowercased()
      hostAndPort = hostAndPort[hostAndPort.index(after: close)...]
      guard hostAndPort.isEmpty || hostAndPort.hasPrefix(":") else { return false }
      port = hostAndPort.isEmpty ? nil : String(hostAndPort.dropFirst())
      return true
    }
    let parts = hostAndPort.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    host = parts.first.map { $0.lowercased() }
    port = parts.count == 2 ? String(parts[1]) : nil
    return true
  }
}

/// An electronic mail address (RFC 5280 §7.5): the local part compares exactly, the host without regard to case.
struct Mailbox: Hashable, Sendable {
  var local: String
  /// Lower case.
  var host: String

  init?(_ text: String) {
    guard let at = text.lastIndex(of: "@") else { return nil }
    local = String(text[..<at])
    host = text[text.index(after: at)...].lowercased()
    guard !local.isEmpty, local.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), HostName.isValid(host) else {
      return nil
    }
  }
}
