package import Credentials

/// One condition on a peer's certificate.
package enum IdentityCondition: Hashable, Sendable {
  /// Everybody whose certificate is trusted.
  case any
  case commonName(Wildcard)
  case organization(Wildcard)
  case dns(DNSPattern)
  case address(IPRange)
  case uri(Wildcard)
  /// SHA-256 of the certificate, 64 hexadecimal digits in lower case.
  case fingerprint(String)
  /// The issuer's common name.
  case issuer(Wildcard)

  /// Where a certificate holds several names of a kind, one of them suffices.
  package func matches(_ peer: PeerIdentity) -> Bool {
    switch self {
    case .any: true
    case .commonName(let pattern): peer.commonNames.contains { pattern.matches($0) }
    case .organization(let pattern): peer.organizations.contains { pattern.matches($0) }
    case .dns(let pattern): peer.dnsNames.contains { pattern.matches($0) }
    case .address(let range): peer.ipAddresses.contains { range.holds($0) }
    case .uri(let pattern): peer.uris.contains { pattern.matches($0) }
    case .fingerprint(let digits): peer.fingerprint == digits
    case .issuer(let pattern): peer.issuerCommonNames.contains { pattern.matches($0) }
    }
  }
}

extension IdentityCondition: CustomStringConvertible {
  package var description: String {
    switch self {
    case .any: "any"
    case .commonName(let pattern): "cn=\(pattern.text)"
    case .organization(let pattern): "org=\(pattern.text)"
    case .dns(let pattern): "dns=\(pattern.text)"
    case .address(let range): "ip=\(range.text)"
    case .uri(let pattern): "uri=\(pattern.text)"
    case .fingerprint(let digits): "fingerprint=\(digits)"
    case .issuer(let pattern): "issuer=\(pattern.text)"
    }
  }
}

extension IPRange {
  /// The same as `contains`, without allocating: it is asked for each connection.
  package func holds(_ address: IPAddress) -> Bool {
    let octets = address.octets
    let masked = base.octets
    guard octets.count == masked.count else { return false }
    let whole = prefix / 8
    for index in 0..<whole where octets[index] != masked[index] { return false }
    let bits = prefix % 8
    return bits == 0 || octets[whole] >> UInt8(8 - bits) == masked[whole] >> UInt8(8 - bits)
  }
}
