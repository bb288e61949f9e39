import SwiftASN1
import X509

/// The name that a verifier expects its peer to have (RFC 9525 §1.8: the reference identifier).
package enum ReferenceName: Hashable, Sendable {
  /// A host name, in A-labels when it is international.
  case dns(String)
  case ip(IPAddress)
  /// A whole URI, such as a SPIFFE ID.
  case uri(String)
  case email(String)

  /// Reads what an operator types: an address (also in brackets), a URI when it has a scheme, else a host name.
  ///
  /// Nil for text that is none of them. A final dot of a host name is dropped: it is the same name.
  package init?(_ text: String) {
    if let address = IPAddress(text) {
      self = .ip(address)
    } else if text.contains("://") {
      self = .uri(text)
    } else if text.contains("@") {
      self = .email(text)
    } else {
      let host = text.hasSuffix(".") ? String(text.dropLast()) : text
      guard HostName.isValid(host) else { return nil }
      self = .dns(host)
    }
  }

  package var text: String {
    switch self {
    case .dns(let text), .uri(let text), .email(let text): text
    case .ip(let address): address.text
    }
  }

  /// Whether a name in the certificate is this one.
  func matches(_ presented: GeneralName) -> Bool {
    switch (self, presented) {
    case (.dns(let host), .dnsName(let pattern)): HostName.matches(host, pattern: pattern)
    case (.ip(let address), .ipAddress(let octets)): address.octets.elementsEqual(octets.bytes)
    case (.uri(let expected), .uniformResourceIdentifier(let uri)):
      URIReference(expected).map { $0 == URIReference(uri) } ?? false
    case (.email(let expected), .rfc822Name(let mailbox)):
      Mailbox(expected).map { $0 == Mailbox(mailbox) } ?? false
    default: false
    }
  }
}

extension GeneralName {
  /// The name as an operator writes it.
  var plainText: String {
    switch self {
    case .dnsName(let text), .rfc822Name(let text), .uniformResourceIdentifier(let text): text
    case .ipAddress(let octets): Self.addressText(Array(octets.bytes))
    case .directoryName(let name): name.description
    default: description
    }
  }

  /// An address, or an address and mask as a name constraint holds them.
  private static func addressText(_ octets: [UInt8]) -> String {
    if let address = IPAddress(octets: octets) { return address.text }
    let half = octets.count / 2
    guard octets.count % 2 == 0, let base = IPAddress(octets: Array(octets.prefix(half))) else {
      return "an address of \(octets.count) octets"
    }
    return "\(base.text)/\(octets.suffix(half).reduce(0) { $0 + $1.nonzeroBitCount })"
  }

  /// What kind of name it is, in the words of RFC 5280.
  var form: String {
    switch self {
    case .dnsName: "dNSName"
    case .rfc822Name: "rfc822Name"
    case .uniformResourceIdentifier: "uniformResourceIdentifier"
    case .ipAddress: "iPAddress"
    case .directoryName: "directoryName"
    case .otherName: "otherName"
    case .x400Address: "x400Address"
    case .ediPartyName: "ediPartyName"
    case .registeredID: "registeredID"
    }
  }
}
