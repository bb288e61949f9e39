/// An absolute URI that names a node (RFC 5280 §4.2.1.6); a SPIFFE ID is checked against its own rules.
package struct URIName: Hashable, Sendable {
  package let text: String

  package init(_ text: String) throws(IdentityError) {
    if let problem = Self.problem(of: text) { throw .invalidURI(text, reason: problem) }
    self.text = text
  }

  /// The authority's host, lower case, without user information and port; nil where the URI has none.
  package var host: String? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let authority = text[colon...].dropFirst(3).prefix { !"/?#".contains($0) }
    let hostPort = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    if hostPort.hasPrefix("[") { return hostPort.lowercased() }
    let host = hostPort.prefix { $0 != ":" }
    return host.isEmpty ? nil : host.lowercased()
  }

  package var isSPIFFE: Bool { text.lowercased().hasPrefix("spiffe:") }

  private static func problem(of text: String) -> String? {
    guard text.utf8.count <= 2048 else { return "it is longer than 2048 characters" }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      return "it holds a space or a character outside ASCII"
    }
    guard let colon = text.firstIndex(of: ":") else { return "it has no scheme" }
    let scheme = text[..<colon]
    guard let first = scheme.first, first.isLetter,
      scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
    else { return "it has no scheme" }
    guard text[colon...].count > 1 else { return "nothing follows the scheme" }
    return text.lowercased().hasPrefix("spiffe:") ? spiffeProblem(of: text) : nil
  }

  /// SPIFFE-ID §2: trust domain of lower-case letters, digits, dots, hyphens, underscores; path segments that are
  /// not empty and not dots; no query, fragment, port or user information; 2048 bytes at most.
  private static func spiffeProblem(of text: String) -> String? {
    guard text.hasPrefix("spiffe://") else { return "a SPIFFE ID begins with spiffe://" }
    let rest = text.dropFirst("spiffe://".count)
    guard !rest.contains("?"), !rest.contains("#") else { return "a SPIFFE ID has no query and no fragment" }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
    guard let domain = parts.first, !domain.isEmpty else { return "a SPIFFE ID needs a trust domain" }
    guard domain.utf8.count <= 255,
      domain.utf8.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || ".-_".utf8.contains($0) })
    else { return "a trust domain holds lower-case letters, digits, dots, hyphens and underscores only" }
    for segment in parts.dropFirst() {
      guard !segment.isEmpty, segment != ".", segment != ".." else {
        return "a SPIFFE ID's path has no empty segment, no dots and no trailing slash"
      }
      guard segment.utf8.allSatisfy({ isSegmentByte($0) }) else {
        return "a SPIFFE ID's path holds letters, digits, dots, hyphens and underscores only"
      }
    }
    return nil
  }

  private static func isSegmentByte(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || ".-_".utf8.contains(byte)
  }
}
