import Credentials
import Formats

extension TextForm {
  /// What listeners and clusters are called by.
  static let plainName = TextForm("name", pattern: "^[A-Za-z0-9._-]+$") { text in
    let isPlain = text.utf8.allSatisfy { $0.isLetterOrDigit || "._-".utf8.contains($0) }
    return isPlain && !text.isEmpty ? nil : "a name holds letters, digits, dots, hyphens and underscores"
  }

  static let listenLocation = TextForm("address", pattern: "^(unix:/.+|systemd:[^:]+|.+:[0-9]+)$") { text in
    if let problem = UnixSocketPath.written(text).flatMap(UnixSocketPath.problem) { return problem }
    return ListenLocation(text) == nil
      ? "addresses are written 0.0.0.0:8443, [::]:8443, host:8443, unix:/path or systemd:NAME" : nil
  }

  static let endpoint = TextForm("endpoint", pattern: "^(unix:/.+|srv:_.+\\._.+\\..+|.+:[0-9]+)$") { text in
    if let problem = UnixSocketPath.written(text).flatMap(UnixSocketPath.problem) { return problem }
    return EndpointLocation(text) == nil
      ? "endpoints are written 10.0.0.1:5432, [fd00::1]:5432, host:5432, unix:/path or srv:_service._tcp.example.org"
      : nil
  }

  /// A user or a group.
  static let account = TextForm("name", pattern: "^([A-Za-z_][A-Za-z0-9_.-]*[$]?|[0-9]+)$") { text in
    if UInt32(text) != nil, text.first != "+" { return nil }
    let name = text.hasSuffix("$") ? text.dropLast() : text[...]
    let isName = name.utf8.allSatisfy { $0.isLetterOrDigit || "_.-".utf8.contains($0) }
    guard isName, let first = name.utf8.first, first == UInt8(ascii: "_") || first.isLetter else {
      return "an account is given by its name or its number"
    }
    return nil
  }

  /// A length of time. It is the same as ``duration``, and says which units there are: here seconds are common.
  static let interval = TextForm("duration", pattern: "^([0-9]+[ywdhms])+$") { text in
    Duration(operatorText: text).map { $0 > .zero } == true
      ? nil : "durations are written 30s, 5m, 12h, 90d, 2w, 1y or 1h30m, and nothing is shorter than a second"
  }

  static let intervalOrNone = TextForm("duration", pattern: "^(([0-9]+[ywdhms])+|none)$") { text in
    text == "none" ? nil : TextForm.interval.problem(text).map { "\($0), or none" }
  }

  static let tlsVersion = TextForm("TLS version", pattern: "^1\\.[23]$") { text in
    TLSVersion(rawValue: text) == nil ? "it is 1.2 or 1.3" : nil
  }

  /// A name that ALPN carries (RFC 7301 §3.1).
  static let applicationProtocol = TextForm("protocol") { text in
    (1...255).contains(text.utf8.count) ? nil : "it has 1 to 255 bytes"
  }

  static let addressRange = TextForm("address range") { text in
    IPRange(text) == nil ? "address ranges are written 10.0.0.0/8, fd00::/8 or 10.0.0.1" : nil
  }

  /// The name that a server's certificate has to hold.
  static let serverName = TextForm("host") { text in
    let problem = "it is neither a DNS name nor an address"
    guard let name = SubjectName(host: text) else { return problem }
    switch name {
    case .ip: return nil
    case .dns(let host): return host.isWildcard ? "it has a wildcard, and one name is verified" : nil
    case .uri: return problem
    }
  }

  static let revocationLocation = TextForm("path or URL") { text in
    guard text.contains("://") else { return TextForm.path.problem(text) }
    guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
      return "CRLs are fetched by http or https"
    }
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return "it holds what no URL may hold" }
    let host = String(text.dropFirst(scheme.count).prefix { !"/?#".contains($0) })
    return HostAndPort(host) == nil && HostAndPort("\(host):1") == nil
      ? "its host is neither a DNS name nor an address" : nil
  }
}

// What stands in rules, routes and headers.
extension TextForm {
  static let dnsPattern = TextForm("pattern", pattern: "^[A-Za-z0-9_*-]+(\\.[A-Za-z0-9_*-]+)*$") { text in
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isPattern = labels.allSatisfy { label in
      !label.isEmpty && label.allSatisfy { $0.isLetterOrDigit || "-_*".utf8.contains($0) }
    }
    return isPattern ? nil : "patterns of host names are written agent-*.example.org, where * stands for no dot"
  }

  static let fingerprint = TextForm("fingerprint", pattern: "^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$") { text in
    IdentityCondition.digits(ofFingerprint: text) == nil
      ? "a fingerprint is SHA-256 in hexadecimal: 64 digits, with or without colons" : nil
  }

  static let routePath = TextForm("path", pattern: "^/[^?#]*$") { text in
    guard text.hasPrefix("/") else { return "a path begins with a slash" }
    let isPlain = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"?#".utf8.contains($0) }
    return isPlain ? nil : "a path holds no query, no fragment and no space"
  }

  /// A header that the router may set (RFC 9110 §5.1), and that doesn't steer the connection or the message.
  static let headerName = TextForm("header", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") { text in
    let isToken = text.utf8.allSatisfy { $0.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    guard isToken, !text.isEmpty else { return "a header's name holds letters, digits and hyphens" }
    return TextForm.steeringHeaders.contains(text.lowercased()) ? "this header belongs to HTTP itself" : nil
  }

  private static let steeringHeaders: Set<String> = [
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
  ]

}

extension UInt8 {
  /// Of ASCII.
  var isLetter: Bool { (0x61...0x7a).contains(self | 0x20) }
  var isLetterOrDigit: Bool { (0x30...0x39).contains(self) || isLetter }
}

extension IdentityCondition {
  /// The digits of a fingerprint in lower case, without colons; nil where it is none.
  static func digits(ofFingerprint text: String) -> String? {
    guard let bytes = Hexadecimal.decode(text.filter { $0 != ":" }), bytes.count == 32 else { return nil }
    return bytes.hexadecimal
  }
}
