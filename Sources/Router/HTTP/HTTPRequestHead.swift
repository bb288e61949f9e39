/// A request as a client sent it, whichever version of HTTP it speaks.
struct HTTPRequestHead {
  var method = ""
  /// The path with its query, as it was sent; `*` for OPTIONS.
  var target = ""
  /// The host that was asked for, with its port.
  var authority = ""
  /// Without the pseudo fields of HTTP/2, names in lower case.
  var fields = HTTPFields()
  /// Whether a body follows.
  var hasBody = false
  /// How long it is, where that was said.
  var length: Int?
  /// The protocol that the client wants to go on with on this connection (RFC 9110 §7.8).
  var upgrade: String?

  /// Without the query.
  var path: Substring { target.prefix { $0 != "?" && $0 != "#" } }

  /// The host without its port, in lower case.
  var host: String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      return String(authority[authority.index(after: authority.startIndex)..<end]).lowercased()
    }
    return String(authority.prefix { $0 != ":" }).lowercased()
  }

  /// Asking again does no harm (RFC 9110 §9.2.2).
  var isRepeatable: Bool { !hasBody && ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method) }

  /// What is wrong with its path where routes go by paths: backends read such paths in different ways, and a client could
  /// get past a rule with them.
  var ambiguity: String? {
    guard target.hasPrefix("/") else { return target == "*" ? nil : "the target is no path" }
    let path = self.path
    guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
      return "the path holds a character that has to be encoded"
    }
    let lowered = path.lowercased()
    for encoded in ["%2f", "%5c", "%00"] where lowered.contains(encoded) { return "the path holds \(encoded)" }
    if path.contains("//") { return "the path holds an empty segment" }
    if Self.encodesPlainText(path) { return "the path encodes a character that needs no encoding" }
    let plain = lowered.replacing("%2e", with: ".")
    for segment in plain.split(separator: "/", omittingEmptySubsequences: false) where segment == "." || segment == ".."
    {
      return "the path holds a dot segment"
    }
    return nil
  }
}

extension HTTPRequestHead {
  /// Whether an unreserved character is encoded (RFC 3986 §2.3), but for the dot, which has an answer of its own.
  fileprivate static func encodesPlainText(_ path: Substring) -> Bool {
    let bytes = Array(path.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
      guard index + 2 < bytes.count,
        let code = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
      else { return true }
      let letter = code | 0x20
      if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter), code < 0x80 { return true }
      if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(code) || "-_~".utf8.contains(code) { return true }
    }
    return false
  }
}

extension RouteConfiguration {
  func takes(_ request: HTTPRequestHead) -> Bool {
    if let host, !host.matches(request.host) { return false }
    guard let path else { return true }
    let asked = request.path
    guard asked.utf8.starts(with: path.utf8) else { return false }
    // `/pets` is no part of `/petshop`.
    return path.hasSuffix("/") || asked.utf8.count == path.utf8.count
      || asked.utf8[asked.utf8.index(asked.utf8.startIndex, offsetBy: path.utf8.count)] == UInt8(ascii: "/")
  }
}
