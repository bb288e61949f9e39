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
  var path: Substring {
    target[..<(target.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? target.endIndex)]
  }

  /// The host without its port, in lower case.
  var host: String {
    if authority.utf8.first == UInt8(ascii: "["), let end = authority.utf8.firstIndex(of: UInt8(ascii: "]")) {
      return authority[authority.index(after: authority.startIndex)..<end].lowercased()
    }
    return authority[..<(authority.utf8.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex)].lowercased()
  }

  /// Asking again does no harm (RFC 9110 §9.2.2).
  var isRepeatable: Bool { !hasBody && ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method) }

  /// What no backend shall get, since it may read something else in it than the router does (RFC 9110 §4.2.3, RFC 9113
  /// §8.3.1). An absolute form is taken apart before.
  var hasStrangeTarget: Bool {
    guard target.utf8.first == UInt8(ascii: "/") else { return !(target == "*" && method == "OPTIONS") }
    return !target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }
  }

  /// What is wrong with its path where routes go by paths: backends read such paths in different ways, and a client could
  /// get past a rule with them.
  var ambiguity: String? {
    guard target.utf8.first == UInt8(ascii: "/") else { return target == "*" ? nil : "the target is no path" }
    return String(path).withBytes(PathAmbiguity.found(in:))
  }
}

/// What backends read in different ways in a path that begins with a slash (RFC 3986 §6.2.2).
private enum PathAmbiguity {
  static func found(in path: UnsafeBufferPointer<UInt8>) -> String? {
    var index = 1
    // Of the segment that is being read.
    var length = 0
    var dots = 0
    while index < path.count {
      let byte = path[index]
      var plain = byte
      switch byte {
      case UInt8(ascii: "/"):
        if length == 0 { return "the path holds an empty segment" }
        if isDotSegment(length, dots) { return "the path holds a dot segment" }
        (length, dots) = (0, 0)
        index += 1
        continue
      case UInt8(ascii: "%"):
        guard index + 2 < path.count, let high = digit(path[index + 1]), let low = digit(path[index + 2]) else {
          return "the path holds a % that encodes nothing"
        }
        plain = high << 4 | low
        if let problem = problem(ofEncoded: plain) { return problem }
        index += 3
      case 0...0x20, 0x7f..., UInt8(ascii: "\\"): return "the path holds a character that has to be encoded"
      // Some backends read a segment up to its parameters.
      case UInt8(ascii: ";") where isDotSegment(length, dots): return "the path holds a dot segment"
      default: index += 1
      }
      length += 1
      if plain == UInt8(ascii: ".") { dots += 1 }
    }
    return isDotSegment(length, dots) ? "the path holds a dot segment" : nil
  }

  private static func isDotSegment(_ length: Int, _ dots: Int) -> Bool { (1...2).contains(length) && dots == length }

  private static func problem(ofEncoded byte: UInt8) -> String? {
    switch byte {
    case 0: "the path holds %00"
    case UInt8(ascii: "/"): "the path holds %2f"
    case UInt8(ascii: "\\"): "the path holds %5c"
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      "the path encodes a character that needs no encoding"
    default: nil
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension RouteConfiguration {
  func takes(_ request: HTTPRequestHead) -> Bool {
    if let host, !host.matches(request.host) { return false }
    guard let path else { return true }
    let asked = request.path
    guard asked.utf8.starts(with: path.utf8) else { return false }
    // `/pets` is no part of `/petshop`.
    return path.utf8.last == UInt8(ascii: "/") || asked.utf8.count == path.utf8.count
      || asked.utf8[asked.utf8.index(asked.utf8.startIndex, offsetBy: path.utf8.count)] == UInt8(ascii: "/")
  }
}
