import Credentials
package import Glibc

/// Where a socket is or goes to.
package struct SocketAddress: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case v4([UInt8], port: UInt16)
    case v6([UInt8], port: UInt16)
    case unix(String)
    case unknown
  }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  init(_ storage: sockaddr_storage, length: UInt32) {
    let family = Int32(storage.ss_family)
    kind = withUnsafeBytes(of: storage) { raw in
      switch family {
      case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
        let address = raw.loadUnaligned(as: sockaddr_in.self)
        return .v4(withUnsafeBytes(of: address.sin_addr) { Array($0) }, port: UInt16(bigEndian: address.sin_port))
      case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
        let address = raw.loadUnaligned(as: sockaddr_in6.self)
        let octets = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
        let port = UInt16(bigEndian: address.sin6_port)
        // A client by IPv4 on a socket for both (RFC 4291 §2.5.5.2). It is known by the address that it has.
        guard octets.starts(with: Self.mapped) else { return .v6(octets, port: port) }
        return .v4(Array(octets.suffix(4)), port: port)
      case AF_UNIX:
        return .unix("")
      default:
        return .unknown
      }
    }
  }

  private static let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]

  /// - Returns: nil where a path is too long for the system, or an address has a wrong size.
  package func withSystemAddress<R>(_ body: (UnsafePointer<sockaddr>, UInt32) -> R) -> R? {
    switch kind {
    case .v4(let octets, let port):
      guard octets.count == 4 else { return nil }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: octets) }
      return Self.with(&address, body)
    case .v6(let octets, let port):
      guard octets.count == 16 else { return nil }
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: octets) }
      return Self.with(&address, body)
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8)
      guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      return Self.with(&address, body)
    case .unknown:
      return nil
    }
  }

  private static func with<A, R>(_ address: inout A, _ body: (UnsafePointer<sockaddr>, UInt32) -> R) -> R {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, UInt32(MemoryLayout<A>.size)) }
    }
  }

  var family: Int32 {
    switch kind {
    case .v4: AF_INET
    case .v6: AF_INET6
    case .unix: AF_UNIX
    case .unknown: AF_UNSPEC
    }
  }

  var ip: IPAddress? {
    switch kind {
    case .v4(let octets, _), .v6(let octets, _): IPAddress(octets: octets)
    case .unix, .unknown: nil
    }
  }

  var isInternet: Bool { family == AF_INET || family == AF_INET6 }
}

extension SocketAddress: CustomStringConvertible {
  package var description: String {
    switch kind {
    case .v4(let octets, let port): "\(octets.map(String.init).joined(separator: ".")):\(port)"
    case .v6(let octets, let port): "[\(Self.text(v6: octets))]:\(port)"
    case .unix(let path): "unix:\(path)"
    case .unknown: "-"
    }
  }

  /// Without the port.
  var hostText: String { ip?.text ?? "unknown" }

  private static func text(v6 octets: [UInt8]) -> String {
    guard octets.count == 16 else { return "" }
    var address = in6_addr()
    withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: octets) }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    inet_ntop(AF_INET6, &address, &text, UInt32(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
