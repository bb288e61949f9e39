import SwiftASN1
package import X509

/// One name of a node, as it stands in a certificate's subjectAltName (RFC 5280 §4.2.1.6).
package enum SubjectName: Hashable, Sendable {
  case dns(DNSName)
  case ip(IPAddress)
  case uri(URIName)

  /// The name that a host or an address denotes, or nil where the text is neither (an agent's free-form name).
  package init?(host text: String) {
    if let address = IPAddress(text) {
      self = .ip(address)
    } else if let name = try? DNSName(text) {
      self = .dns(name)
    } else {
      return nil
    }
  }

  /// The name that a general name holds; nil for kinds that a node's certificate never carries.
  package init?(_ general: GeneralName) {
    switch general {
    case .dnsName(let text):
      guard let name = try? DNSName(text) else { return nil }
      self = .dns(name)
    case .ipAddress(let octets):
      guard let address = IPAddress(octets: Array(octets.bytes)) else { return nil }
      self = .ip(address)
    case .uniformResourceIdentifier(let text):
      guard let uri = try? URIName(text) else { return nil }
      self = .uri(uri)
    default:
      return nil
    }
  }

  package var generalName: GeneralName {
    switch self {
    case .dns(let name): .dnsName(name.text)
    case .ip(let address): .ipAddress(.init(contentBytes: address.octets[...]))
    case .uri(let uri): .uniformResourceIdentifier(uri.text)
    }
  }

  /// The bare name, as an operator types it.
  package var text: String {
    switch self {
    case .dns(let name): name.text
    case .ip(let address): address.text
    case .uri(let uri): uri.text
    }
  }
}

extension SubjectName: CustomStringConvertible {
  /// The name with its kind, as openssl prints it: `DNS:a.example`, `IP:10.0.0.1`, `URI:spiffe://…`.
  package var description: String {
    switch self {
    case .dns(let name): "DNS:\(name.text)"
    case .ip(let address): "IP:\(address.text)"
    case .uri(let uri): "URI:\(uri.text)"
    }
  }
}
