#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An IPv4 or IPv6 address: 4 or 16 octets in network order (RFC 5280 §4.2.1.6).
package struct IPAddress: Hashable, Sendable {
  package let octets: [UInt8]

  package init?(octets: [UInt8]) {
    guard octets.count == 4 || octets.count == 16 else { return nil }
    self.octets = octets
  }

  /// Parses dotted-quad or RFC 4291 text; an IPv6 address may stand in brackets, as in a URL.
  package init?(_ text: String) {
    let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
    let isVersion6 = bare.utf8.contains(UInt8(ascii: ":"))
    // Most names are host names: the parser is not called for what can't be an address.
    guard isVersion6 || bare.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }) else {
      return nil
    }
    if let octets = Self.parse(bare, family: isVersion6 ? AF_INET6 : AF_INET, count: isVersion6 ? 16 : 4) {
      self.octets = octets
    } else {
      return nil
    }
  }

  package var text: String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = octets.count == 4 ? AF_INET : AF_INET6
    guard inet_ntop(family, octets, &buffer, socklen_t(buffer.count)) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func parse(_ text: String, family: Int32, count: Int) -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &octets) == 1 ? octets : nil
  }
}

/// An address range in CIDR notation, as name constraints and policies use it (RFC 5280 §4.2.1.10).
package struct IPRange: Hashable, Sendable {
  package let base: IPAddress
  package let prefix: Int

  /// Parses `10.0.0.0/8` or `fd00::/8`; a bare address is a range of one.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2, let base = IPAddress(String(first)) else { return nil }
    let bits = base.octets.count * 8
    guard let prefix = parts.count == 2 ? Int(parts[1]) : bits, (0...bits).contains(prefix) else { return nil }
    guard let masked = IPAddress(octets: zip(base.octets, Self.mask(prefix, bits)).map { $0 & $1 }) else { return nil }
    self.base = masked
    self.prefix = prefix
  }

  /// Address then mask, as a name constraint's iPAddress holds them.
  package var constraintOctets: [UInt8] { base.octets + Self.mask(prefix, base.octets.count * 8) }

  package func contains(_ address: IPAddress) -> Bool {
    guard address.octets.count == base.octets.count else { return false }
    let mask = Self.mask(prefix, base.octets.count * 8)
    return zip(address.octets, mask).map { $0 & $1 } == base.octets
  }

  package var text: String { "\(base.text)/\(prefix)" }

  private static func mask(_ prefix: Int, _ bits: Int) -> [UInt8] {
    stride(from: 0, to: bits, by: 8).map { start in
      let ones = min(max(prefix - start, 0), 8)
      return ones == 0 ? 0 : UInt8.max << UInt8(8 - ones)
    }
  }
}
