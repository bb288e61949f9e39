package import Hummingbird
package import Ledger
package import X509

/// What is known of a request beside its own bytes.
package struct ServiceContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The certificate that the client proved, checked at the completed handshake: its chain, its time, and that it is
  /// not revoked. Nil on plain HTTP and for clients without one.
  package let peer: PeerIdentity?
  /// The address of the client, without the port.
  package let source: String
  /// Whether the request came over TLS.
  package let isSecure: Bool

  package init(source: ApplicationRequestContextSource) {
    self.init(source, ConnectionFacts.of(source.channel))
  }

  /// For a request whose connection is known otherwise.
  package init(_ source: some RequestContextSource, _ facts: ConnectionFacts) {
    coreContext = .init(source: source)
    peer = facts.peer
    isSecure = facts.isSecure
    self.source = facts.source
  }

  /// Most bytes of a body that a route may ask to collect.
  package var maxUploadSize: Int { 64 * 1024 }
}

/// Who is at the other end of a connection.
package struct PeerIdentity: Sendable {
  /// Whose authority vouches for it.
  package enum Origin: Hashable, Sendable {
    /// Our own: the reference of the issuer.
    case own(IssuerReference)
    /// A partner's, by its organization in the configuration.
    case partner(organization: String)
  }

  package let certificate: Certificate
  package let der: [UInt8]
  package let origin: Origin
  /// Certificates between this one and a trusted one, as they were found at the handshake.
  package let intermediates: [Certificate]

  package init(certificate: Certificate, der: [UInt8], origin: Origin, intermediates: [Certificate] = []) {
    self.certificate = certificate
    self.der = der
    self.origin = origin
    self.intermediates = intermediates
  }
}

/// What the transport noted of a connection.
package struct ConnectionFacts: Sendable {
  package var source: String
  package var isSecure: Bool
  package var peer: PeerIdentity?

  package init(source: String, isSecure: Bool, peer: PeerIdentity? = nil) {
    self.source = source
    self.isSecure = isSecure
    self.peer = peer
  }
}
