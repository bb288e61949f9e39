/// What happened on the listeners since the start, and what is open now.
package struct TransportCounters: Hashable, Sendable {
  /// Why a connection was closed by the server, or not taken.
  package enum Closing: String, Hashable, Sendable, CaseIterable {
    case tooManyConnections = "too-many-connections"
    case tooManyFromAddress = "too-many-from-address"
    /// A handshake that others had to make room for.
    case crowdedOut = "crowded-out"
    case handshakeTimeout = "handshake-timeout"
    case requestTimeout = "request-timeout"
    case idleTimeout = "idle-timeout"
    case writeTimeout = "write-timeout"
    case shutdownTimeout = "shutdown-timeout"
    case peerExpired = "peer-expired"
    case peerRevoked = "peer-revoked"
    case peerUntrusted = "peer-untrusted"
    case protocolError = "protocol-error"
  }

  package enum Handshake: Hashable, Sendable {
    case withCertificate
    case withoutCertificate
    case notTLS
    case protocolError
    case abandoned
    /// The raw value of ``PeerRefusal/Cause``.
    case refused(String)

    /// The word in metrics.
    package var label: String {
      switch self {
      case .withCertificate: "certificate"
      case .withoutCertificate: "anonymous"
      case .notTLS: "not-tls"
      case .protocolError: "protocol-error"
      case .abandoned: "abandoned"
      case .refused(let cause): "refused-\(cause)"
      }
    }
  }

  package var accepted = 0
  package var open = 0
  /// Of the open ones, those whose handshake is not completed.
  package var handshaking = 0
  package var handshakes: [Handshake: Int] = [:]
  package var closings: [Closing: Int] = [:]

  package init() {}
}
