import Credentials

/// Where a listener is reached.
package enum ListenLocation: Hashable, Sendable {
  case address(ListenAddress)
  /// The path of a Unix socket.
  case unix(String)
  /// A socket that systemd bound, by its `FileDescriptorName` (systemd.socket(5)).
  case systemd(String)

  /// Reads `host:port`, `unix:/path` or `systemd:NAME`.
  package init?(_ text: String) {
    if let path = UnixSocketPath.written(text) {
      guard UnixSocketPath.problem(of: path) == nil else { return nil }
      self = .unix(path)
    } else if text.hasPrefix("systemd:") {
      let name = text.dropFirst("systemd:".count)
      guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
        !name.contains(":")
      else { return nil }
      self = .systemd(String(name))
    } else {
      guard let address = HostAndPort(text) else { return nil }
      self = .address(ListenAddress(host: address.host, port: address.port))
    }
  }

  /// Whether only this machine's own programs reach it: what systemd bound is its administrator's decision.
  package var isLocal: Bool {
    switch self {
    case .address(let address): address.isLoopback
    case .unix, .systemd: true
    }
  }
}

extension ListenLocation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .address(let address): address.description
    case .unix(let path): "unix:\(path)"
    case .systemd(let name): "systemd:\(name)"
    }
  }
}

package struct ListenAddress: Hashable, Sendable {
  /// An address, or a name to be resolved once.
  package var host: String
  /// 0 lets the system choose.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  package var isLoopback: Bool {
    guard let address = IPAddress(host) else { return host == "localhost" }
    return address.octets.count == 4
      ? address.octets[0] == 127 : address.octets == [UInt8](repeating: 0, count: 15) + [1]
  }
}

extension ListenAddress: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The path of a socket, as `sockaddr_un` can hold it.
enum UnixSocketPath {
  /// What follows `unix:`; nil where the text is something else.
  static func written(_ text: String) -> String? {
    text.hasPrefix("unix:") ? String(text.dropFirst("unix:".count)) : nil
  }

  static func problem(of path: String) -> String? {
    if !path.hasPrefix("/") { return "the path of a socket begins with a slash" }
    return tooLong(path)
  }

  static func tooLong(_ path: String) -> String? {
    path.utf8.count > 107 ? "the path of a socket has 107 bytes at most" : nil
  }
}

/// `host:port`, where an IPv6 address stands in brackets.
struct HostAndPort {
  var host: String
  var port: Int

  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
    let written = String(text[..<colon])
    let isBracketed = written.hasPrefix("[") && written.hasSuffix("]")
    guard let name = SubjectName(host: written), written.contains(":") == isBracketed else { return nil }
    switch name {
    case .ip(let address): host = address.text
    case .dns(let dns) where !dns.isWildcard: host = dns.text.lowercased()
    default: return nil
    }
    self.port = Int(port)
  }
}
