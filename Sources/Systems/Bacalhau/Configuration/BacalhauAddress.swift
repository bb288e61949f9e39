package import Credentials

/// Where a node dials an orchestrator: one element of `Compute.Orchestrators`, read as NATS clients read it.
package struct BacalhauAddress: Hashable, Sendable {
  package static let defaultPort = 4222

  /// The name that the client looks for in the certificate.
  package let host: SubjectName
  package let port: Int
  /// A token (or user and password) before the host: it wins over `Compute.Auth.Token`.
  package let userInfo: String?

  package init(host: SubjectName, port: Int) {
    self.host = host
    self.port = port
    userInfo = nil
  }

  /// - Throws: ``BacalhauAddressProblem``, which quotes no more than the host: a token may stand beside it.
  package init(_ text: String) throws(BacalhauAddressProblem) {
    let trimmed = text.drop(while: \.isWhitespace)
    let parts = trimmed.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    // Without a scheme, the client puts nats:// before it.
    let scheme = parts.count == 2 ? parts[0].lowercased() : "nats"
    guard ["nats", "tls"].contains(scheme) else { throw .scheme(String(scheme.prefix(20))) }
    let authority = (parts.last ?? "").prefix { !"/?#".contains($0) && !$0.isWhitespace }
    let at = authority.lastIndex(of: "@")
    userInfo = at.map { String(authority[..<$0]) }
    (host, port) = try Self.hostAndPort(at.map { authority[authority.index(after: $0)...] } ?? authority)
  }

  private static func hostAndPort(_ text: Substring) throws(BacalhauAddressProblem) -> (SubjectName, Int) {
    let host: Substring
    let rest: Substring
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = text[...close]
      rest = text[text.index(after: close)...]
    } else {
      if text.count(where: { $0 == ":" }) > 1 { throw .bareAddress(String(text)) }
      host = text.prefix { $0 != ":" }
      rest = text[host.endIndex...]
    }
    return (try subjectName(host), try port(rest))
  }

  private static func subjectName(_ host: Substring) throws(BacalhauAddressProblem) -> SubjectName {
    // A final dot is the same name (Go's crypto/x509 drops it).
    let bare = host.hasSuffix(".") ? host.dropLast() : host
    guard let name = SubjectName(host: String(bare)), !bare.hasPrefix("*") else { throw .host(String(host)) }
    if bare.hasPrefix("["), case .ip(let address) = name, address.octets.count == 4 { throw .host(String(host)) }
    return name
  }

  private static func port(_ rest: Substring) throws(BacalhauAddressProblem) -> Int {
    guard !rest.isEmpty else { return defaultPort }
    let digits = rest.dropFirst()
    guard rest.hasPrefix(":"), let port = Int(digits), (1...65535).contains(port), !digits.hasPrefix("+") else {
      throw .port
    }
    return port
  }

  /// As in a URL: an IPv6 address in brackets.
  package var hostAndPort: String { "\(bracketed):\(port)" }

  /// Without what stands before the host.
  package var url: String { "nats://\(hostAndPort)" }

  private var bracketed: String {
    if case .ip(let address) = host, address.octets.count == 16 { "[\(address.text)]" } else { host.text }
  }

  /// Whether a host can only mean the machine itself.
  static func isLoopback(_ host: SubjectName) -> Bool {
    switch host {
    case .ip(let address): address.octets.first == 127 && address.octets.count == 4 || address == IPAddress("::1")
    case .dns(let name): name.text.lowercased() == "localhost"
    case .uri: false
    }
  }
}

/// Why an element of `Compute.Orchestrators` can't be dialled.
package enum BacalhauAddressProblem: Error, Hashable {
  case scheme(String)
  case host(String)
  /// An IPv6 address without brackets.
  case bareAddress(String)
  case port

  package var message: String {
    switch self {
    case .scheme(let scheme): "an orchestrator is dialled by nats:// or tls://, not by \(scheme)://"
    case .host(let host): "\"\(host)\" is neither an address nor a name that a certificate can hold"
    case .bareAddress(let text): "\"\(text)\" has more than one colon: an IPv6 address needs brackets"
    case .port: "the port is not a number from 1 to 65535"
    }
  }

  package var advice: String { "write it as nats://HOST:4222" }
}
