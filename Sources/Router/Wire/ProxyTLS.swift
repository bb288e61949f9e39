/// What a proxy says about the TLS that it terminated: PP2_TYPE_SSL (proxy-protocol.txt §2.2.6).
package struct ProxyTLS: Hashable, Sendable {
  /// Such as `TLSv1.3`.
  package let version: String
  /// The common name of the client's certificate.
  package let commonName: String?
  package let cipher: String?
  /// What the proxy's own certificate was signed with.
  package let signatureAlgorithm: String?
  /// Kind and size of the key of the proxy's own certificate.
  package let keyAlgorithm: String?
  /// The client presented a certificate on this connection.
  package let presented: Bool
  /// The client presented a certificate on this connection, or on an earlier one of the same TLS session.
  package let session: Bool
  /// The client's certificate was verified. Never true without a certificate: proxies report success for none too.
  package let verified: Bool

  package init(
    version: String, commonName: String? = nil, cipher: String? = nil, signatureAlgorithm: String? = nil,
    keyAlgorithm: String? = nil, presented: Bool = false, session: Bool = false, verified: Bool = false
  ) {
    self.version = version
    self.commonName = commonName
    self.cipher = cipher
    self.signatureAlgorithm = signatureAlgorithm
    self.keyAlgorithm = keyAlgorithm
    self.presented = presented
    self.session = session
    self.verified = verified && (presented || session)
  }
}

/// The bits of PP2_TYPE_SSL's `client` field.
struct ProxyClientFlags: OptionSet {
  let rawValue: UInt8

  static let tls = Self(rawValue: 0x01)
  static let presented = Self(rawValue: 0x02)
  static let session = Self(rawValue: 0x04)
}
