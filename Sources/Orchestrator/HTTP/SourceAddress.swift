import Credentials
package import NIOCore

/// Where a connection comes from.
package struct SourceAddress: Hashable, Sendable {
  /// The address without port; an IPv4 address that came mapped into IPv6 is shown as IPv4.
  package let text: String
  /// What limits count by: the address, and of IPv6 the /64 that one client can choose from freely.
  package let network: [UInt8]

  package init(_ address: SocketAddress?) {
    guard let address = address?.ipAddress.flatMap(IPAddress.init) else {
      text = "unknown"
      network = []
      return
    }
    let octets = Self.unmapped(address.octets)
    text = octets.count == address.octets.count ? address.text : IPAddress(octets: octets)?.text ?? address.text
    network = octets.count == 16 ? Array(octets.prefix(8)) : octets
  }

  /// RFC 4291 §2.5.5.2.
  private static func unmapped(_ octets: [UInt8]) -> [UInt8] {
    let prefix: [UInt8] = Array(repeating: 0, count: 10) + [255, 255]
    return octets.count == 16 && octets.starts(with: prefix) ? Array(octets.suffix(4)) : octets
  }
}
