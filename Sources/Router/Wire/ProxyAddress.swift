/// One end of a connection, as the PROXY protocol names it.
package enum ProxyAddress: Hashable, Sendable {
  /// Four octets in network order.
  case ipv4([UInt8], port: UInt16)
  /// Sixteen octets in network order.
  case ipv6([UInt8], port: UInt16)
  /// A path, which needn't be text. An abstract name begins with a zero; empty: a socket without a name.
  case unix([UInt8])
}

extension ProxyAddress {
  /// The field of 108 bytes that holds a socket's path.
  static let unixLength = 108
  private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

  /// Where a path is: up to the first zero, but an abstract name may hold zeros itself.
  init(unixField field: UnsafeRawBufferPointer) {
    guard field.first == 0 else {
      self = .unix([UInt8](field.prefix { $0 != 0 }))
      return
    }
    let name = field.reversed().drop { $0 == 0 }
    self = .unix([UInt8](name.reversed()))
  }

  /// Octets and port of an IPv6 address, or of an IPv4 address as a mapped one (RFC 4291 §2.5.5.2).
  var asIPv6: (octets: [UInt8], port: UInt16)? {
    switch self {
    case .ipv4(let octets, let port) where octets.count == 4:
      (Self.mappedPrefix + octets, port)
    case .ipv6(let octets, let port) where octets.count == 16:
      (octets, port)
    case .ipv4, .ipv6, .unix:
      nil
    }
  }

  var asIPv4: (octets: [UInt8], port: UInt16)? {
    guard case .ipv4(let octets, let port) = self, octets.count == 4 else { return nil }
    return (octets, port)
  }

  /// The path, filled with zeros. Nil for one that is too long: cut, it would be another's.
  var unixField: [UInt8]? {
    guard case .unix(let path) = self, path.count <= Self.unixLength else { return nil }
    return path + [UInt8](repeating: 0, count: Self.unixLength - path.count)
  }
}
