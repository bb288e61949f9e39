import Credentials

/// Who counts as one client by address: an IPv4 address, or a /64 of IPv6, because whoever has one address of a /64 has
/// all of them.
package struct ClientPrefix: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// - Parameter source: an address; any other text counts as it stands.
  package init(_ source: String) {
    // A zone names a link of this machine, not the client.
    let bare = String(source.prefix { $0 != "%" }.prefix(64))
    guard let address = IPAddress(bare) else {
      description = bare
      return
    }
    guard address.octets.count == 16 else {
      description = address.text
      return
    }
    if address.octets.prefix(10).allSatisfy({ $0 == 0 }), address.octets[10...11].allSatisfy({ $0 == 0xff }),
      let mapped = IPAddress(octets: Array(address.octets.suffix(4)))
    {
      description = mapped.text
    } else {
      description = IPRange("\(address.text)/64")?.text ?? bare
    }
  }
}
