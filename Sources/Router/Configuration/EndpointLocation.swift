import Credentials

/// Where a backend is reached.
package enum EndpointLocation: Hashable, Sendable {
  /// An address, or a name all of whose addresses serve.
  case host(String, port: Int)
  /// The path of a Unix socket.
  case unix(String)
  /// A name with SRV records, which say hosts and ports: `_service._proto.domain` (RFC 2782).
  case service(String)

  /// Reads `host:port`, `unix:/path` or `srv:_service._proto.domain`.
  package init?(_ text: String) {
    if let path = UnixSocketPath.written(text) {
      guard UnixSocketPath.problem(of: path) == nil else { return nil }
      self = .unix(path)
    } else if text.hasPrefix("srv:") {
      let name = String(text.dropFirst("srv:".count))
      guard Self.isService(name) else { return nil }
      self = .service(name.lowercased())
    } else {
      guard let address = HostAndPort(text), address.port > 0 else { return nil }
      self = .host(address.host, port: address.port)
    }
  }

  private static func isService(_ name: String) -> Bool {
    let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let domain = try? DNSName(String(parts[2])), !domain.isWildcard else { return false }
    return parts.prefix(2).allSatisfy { label in
      label.hasPrefix("_") && (2...63).contains(label.utf8.count)
        && label.utf8.dropFirst().allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
    }
  }
}

extension EndpointLocation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .host(let host, let port): ListenAddress(host: host, port: port).description
    case .unix(let path): "unix:\(path)"
    case .service(let name): "srv:\(name)"
    }
  }
}
