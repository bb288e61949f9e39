extension HTTPRequestHead {
  /// What makes a request of HTTP/1 unfit to be passed on (RFC 9112 §3.2, §6.3), nil where nothing does.
  func problem(minor: Int) -> (status: Int, reason: String)? {
    if method == "CONNECT" { return (501, "CONNECT isn't offered") }
    if fields.has(moreThanOne: .host) { return (400, "more than one Host") }
    if !fields.has(.host), minor >= 1 { return (400, "no Host") }
    if let host = fields.first(.host), !Self.isAuthority(host) { return (400, "a Host that is none") }
    if fields.has(moreThanOne: .contentLength) { return (400, "more than one Content-Length") }
    if fields.has(.transferEncoding), fields.hasUnknownLength { return (501, "a Transfer-Encoding that isn't chunked") }
    if fields.hasUnknownLength { return (400, "a Content-Length that is none") }
    if minor == 0, fields.has(.transferEncoding) { return (400, "Transfer-Encoding in HTTP/1.0") }
    if !isPath, target != "*", absoluteTarget == nil { return (400, "the target is no path") }
    return nil
  }

  /// The same with what is told by its fields.
  func completed(minor: Int) -> HTTPRequestHead {
    var head = self
    head.authority = fields.first(.host) ?? ""
    if !isPath, let (authority, path) = absoluteTarget {
      head.authority = authority
      head.target = path
    }
    head.length = fields.contentLength
    head.hasBody = fields.has(.transferEncoding) || (head.length ?? 0) > 0
    if minor >= 1, fields.has(.upgrade),
      fields.values(.connection).contains(where: { $0.lowercased().contains("upgrade") })
    {
      let wanted = fields.values(.upgrade).joined(separator: ", ")
      // With HTTP/2 begun in the clear a client could get past what is decided for each request.
      let isHTTP2 = wanted.lowercased().split(separator: ",").contains { String($0).trimmed.hasPrefix("h2") }
      head.upgrade = isHTTP2 || wanted.isEmpty ? nil : wanted
    }
    return head
  }

  private var isPath: Bool { target.utf8.first == UInt8(ascii: "/") }

  /// Of the absolute form (RFC 9112 §3.2.2).
  private var absoluteTarget: (authority: String, path: String)? {
    for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
      let rest = target.dropFirst(scheme.count)
      let authority = String(rest.prefix { $0 != "/" && $0 != "?" })
      guard Self.isAuthority(authority), !authority.isEmpty else { return nil }
      let path = String(rest.dropFirst(authority.count))
      return (authority, path.hasPrefix("/") ? path : "/" + path)
    }
    return nil
  }

  static func isAuthority(_ text: String) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case 0...0x20, 0x7f...: false
      case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: "\\"),
        UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "^"), UInt8(ascii: "`"),
        UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
        false
      default: true
      }
    }
  }
}
