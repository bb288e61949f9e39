import SwiftASN1
import X509

/// The names that an authority may certify (RFC 5280 §4.2.1.10).
package struct AuthorityConstraints: Hashable, Sendable {
  package var dns: [String]
  package var ip: [IPRange]
  package var uri: [String]
  package var organization: String?

  package init(dns: [String] = [], ip: [IPRange] = [], uri: [String] = [], organization: String? = nil) {
    self.dns = dns
    self.ip = ip
    self.uri = uri
    self.organization = organization
  }

  /// - Throws: ``IdentityError`` for a suffix, range or host that no constraint can hold.
  package init(dns: [String], ipText: [String], uri: [String], organization: String?) throws(IdentityError) {
    self.dns = []
    for suffix in dns {
      let bare = suffix.hasPrefix("*.") ? String(suffix.dropFirst(2)) : suffix
      _ = try DNSName(bare.hasPrefix(".") ? String(bare.dropFirst()) : bare)
      // RFC 5280: a dNSName constraint has no leading dot; "example.org" covers itself and all below it.
      self.dns.append(bare.hasPrefix(".") ? String(bare.dropFirst()) : bare)
    }
    self.ip = []
    for text in ipText {
      guard let range = IPRange(text) else { throw .invalidIPRange(text) }
      self.ip.append(range)
    }
    for host in uri { _ = try DNSName(host.hasPrefix(".") ? String(host.dropFirst()) : host) }
    self.uri = uri
    self.organization = organization
  }

  package var isEmpty: Bool { dns.isEmpty && ip.isEmpty && uri.isEmpty && organization == nil }

  /// The extension's value, of just the kinds that were named: a constraint of one kind says nothing about the others.
  var named: NameConstraints? { isEmpty ? nil : NameConstraints(permittedSubtrees: permitted) }

  /// The extension's value for a partner: every kind that nobody permitted is closed, so that a limit on DNS names
  /// isn't walked around with an address.
  var closed: NameConstraints? {
    guard !isEmpty else { return nil }
    var permitted = self.permitted
    var excluded: [GeneralName] = []
    if dns.isEmpty, !(ip.isEmpty && uri.isEmpty) { excluded.append(.dnsName("")) }
    if ip.isEmpty {
      excluded.append(.ipAddress(.init(contentBytes: [UInt8](repeating: 0, count: 8)[...])))
      excluded.append(.ipAddress(.init(contentBytes: [UInt8](repeating: 0, count: 32)[...])))
    }
    // No exclusion matches every URI, but permitting a domain that can't exist (RFC 6761 §6.4) shuts all others out.
    if uri.isEmpty { permitted.append(.uniformResourceIdentifier(".invalid")) }
    return NameConstraints(permittedSubtrees: permitted, excludedSubtrees: excluded)
  }

  private var permitted: [GeneralName] {
    var names: [GeneralName] = dns.map { .dnsName($0) }
    names += ip.map { .ipAddress(.init(contentBytes: $0.constraintOctets[...])) }
    names += uri.map { .uniformResourceIdentifier($0) }
    if let organization {
      let attribute = RelativeDistinguishedName.Attribute(
        type: .RDNAttributeType.organizationName, utf8String: organization)
      names.append(.directoryName(DistinguishedName([RelativeDistinguishedName(attribute)])))
    }
    return names
  }
}
