import Credentials
import Formats

extension ChoreoConnect {
  /// The URL of a backend, as the API's definition has it: the router compares it letter by letter.
  struct Endpoint: Hashable, Sendable {
    let url: String
    /// As it stands in the URL, without brackets.
    let host: String
    let port: Int
    let name: SubjectName
    let place: YAMLTree.Place

    /// - Throws: ``FleetError`` for what is no URL of a TLS server, or has a host that no certificate can name.
    init(_ url: String, at place: YAMLTree.Place) throws(FleetError) {
      self.url = url
      self.place = place
      func wrong(_ reason: String, _ advice: String = "it looks like https://backend.example.org:9443") -> FleetError {
        FleetError("\"\(url)\" is no endpoint: \(reason)", advice: advice, at: place)
      }
      guard let parts = URLParts(url) else { throw wrong("it is no URL") }
      guard ["https", "wss"].contains(parts.scheme) else { throw wrong("\(parts.scheme) is not protected by TLS") }
      guard !parts.authority.contains("@") else { throw wrong("a user's name or password doesn't belong here") }
      guard let (host, port) = Self.split(parts.authority) else { throw wrong("its port is none") }
      guard let name = SubjectName(host: host), !host.hasPrefix("*") else {
        throw wrong(
          "no certificate can name the host \"\(host)\"",
          "a host consists of letters, digits, hyphens and dots; give the server an alias in its network")
      }
      self.host = host
      self.port = port ?? 443
      self.name = name
    }

    func isSameServer(as other: Endpoint) -> Bool {
      host.lowercased() == other.host.lowercased() && port == other.port
    }

    /// For the command line: `HOST:PORT`.
    var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func split(_ authority: Substring) -> (String, Int?)? {
      var host = authority
      var digits: Substring?
      if authority.hasPrefix("[") {
        guard let end = authority.firstIndex(of: "]") else { return nil }
        host = authority[authority.index(after: authority.startIndex)..<end]
        let rest = authority[authority.index(after: end)...]
        guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
        digits = rest.isEmpty ? nil : rest.dropFirst()
      } else if let colon = authority.lastIndex(of: ":") {
        host = authority[..<colon]
        digits = authority[authority.index(after: colon)...]
      }
      guard let digits else { return (String(host), nil) }
      guard let port = Int(digits), (1...65535).contains(port), digits.allSatisfy(\.isNumber) else { return nil }
      return (String(host), port)
    }
  }

  /// Scheme and authority of a URL (RFC 3986 §3), which is all that TLS is concerned with.
  struct URLParts {
    let scheme: String
    let authority: Substring

    init?(_ url: String) {
      guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://"), !url.contains(where: \.isWhitespace)
      else { return nil }
      scheme = url[..<colon].lowercased()
      authority = url[url.index(colon, offsetBy: 3)...].prefix { !"/?#".contains($0) }
    }

    /// Without port and brackets; nil where there is none.
    static func host(of url: String) -> String? {
      guard let parts = URLParts(url) else { return nil }
      if parts.authority.hasPrefix("[") {
        return parts.authority.firstIndex(of: "]").map { String(parts.authority[..<$0].dropFirst()) }
      }
      let host = parts.authority.prefix { $0 != ":" }
      return host.isEmpty ? nil : String(host)
    }
  }
}
