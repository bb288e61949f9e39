import Credentials
import Enrolment
package import Formats

extension TextForm {
  package static let listenAddress = TextForm("address", pattern: "^.+:[0-9]+$") { text in
    ListenAddress(text) == nil ? "addresses are written 0.0.0.0:8443, [::]:8443 or host:8443" : nil
  }

  package static let publicURL = TextForm("URL", pattern: "^http://") { PublicURL.problem(of: $0) }

  package static let rate = TextForm("rate", pattern: "^([1-9][0-9]*/[smhd]|unlimited)$") { text in
    text == RateLimits.Rate.unlimited || RateLimits.Rate(text) != nil
      ? nil : "rates are written 10/m, 100/s, 5/h or unlimited"
  }

  /// A DNS name, or a suffix that begins with a dot.
  package static let dnsScope = TextForm("DNS name") { text in
    let name = text.hasPrefix(".") ? String(text.dropFirst()) : text
    do {
      let isWildcard = try DNSName(name).isWildcard
      return isWildcard ? "for all names below it write .\(name.dropFirst(2))" : nil
    } catch {
      return "it is neither a DNS name nor a suffix such as .example.org"
    }
  }
}

extension ListenAddress {
  /// Reads `address:port`; an IPv6 address stands in brackets.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
    let written = String(text[..<colon])
    let isBracketed = written.hasPrefix("[") && written.hasSuffix("]")
    guard let name = SubjectName(host: written), written.contains(":") == isBracketed else { return nil }
    switch name {
    case .ip(let address): self.init(host: address.text, port: Int(port))
    case .dns(let dns) where !dns.isWildcard: self.init(host: dns.text, port: Int(port))
    default: return nil
    }
  }
}

extension RateLimits.Rate {
  /// What stands for no limit.
  package static let unlimited = "unlimited"

  /// Reads `10/m`: a count, and one of s, m, h, d.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000_000).contains(count),
      ["s", "m", "h", "d"].contains(parts[1]),
      let interval = Duration(operatorText: "1\(parts[1])")
    else { return nil }
    self.init(count: count, per: interval)
  }
}

/// The place of CRLs, OCSP and issuers, as certificates name it.
enum PublicURL {
  static func problem(of text: String) -> String? {
    guard text.hasPrefix("http://") else {
      return
        "it begins with http://, since who checks a certificate may not have to check another one first (RFC 5280 §8)"
    }
    let rest = text.dropFirst("http://".count)
    guard rest.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !rest.contains(where: { "?#@\"<>\\".contains($0) })
    else {
      return "only a host, a port and a path may stand in it"
    }
    let host = rest.prefix { $0 != "/" }
    let isValid = ListenAddress(String(host)).map { $0.port > 0 } ?? (ListenAddress("\(host):1") != nil)
    return isValid ? nil : "its host is neither a DNS name nor an address"
  }

  /// Without slashes at its end: paths are appended.
  static func normalized(_ text: String) -> String {
    var text = text[...]
    while text.hasSuffix("/") { text = text.dropLast() }
    return String(text)
  }
}
