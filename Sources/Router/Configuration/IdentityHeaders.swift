/// What a backend is told of the client, in each request.
package struct IdentityHeaders: Hashable, Sendable {
  package var named: [IdentityHeader]
  /// Whether X-Forwarded-Client-Cert is sent.
  package var forwardedClientCert: Bool

  package init(named: [IdentityHeader] = [], forwardedClientCert: Bool = true) {
    self.named = named
    self.forwardedClientCert = forwardedClientCert
  }
}

package struct IdentityHeader: Hashable, Sendable {
  /// What of the client's certificate a header holds.
  package enum Value: String, CaseIterable, Hashable, Sendable {
    case subject
    case commonName = "cn"
    case organization = "org"
    case dns
    case uri
    case address = "ip"
    case fingerprint
    case issuer
    case serial
    case certificate
  }

  /// The header's name, as it is written.
  package var name: String
  package var value: Value

  package init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}
