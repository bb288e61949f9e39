/// Decides which client certificates are let in. Asked on event loops: it must not wait.
package protocol PeerAdmission: Sendable {
  /// Who the client is.
  associatedtype Peer: Sendable

  /// Judges what a client sent in a full handshake, before the handshake goes on.
  ///
  /// - Parameter chain: DER, as the client sent it, the leaf first. Never empty.
  func refusal(of chain: [[UInt8]]) -> PeerRefusal?

  /// Judges the client of a completed handshake. A resumed one ran no verification at all, and has only the leaf.
  ///
  /// - Parameter leaf: DER.
  func admit(_ leaf: [UInt8]) -> Result<Peer, PeerRefusal>
}

/// Why a client certificate was not let in.
package struct PeerRefusal: Error, Hashable, Sendable {
  package enum Cause: String, Hashable, Sendable, CaseIterable {
    /// No path to an authority that is trusted here.
    case untrusted
    case expired
    case notYetValid = "not-yet-valid"
    case revoked
    case malformed
    /// A resumed session whose certificate was never verified here.
    case unknownSession = "unknown-session"
  }

  package var cause: Cause
  /// For the log: which certificate, and what is wrong with it.
  package var detail: String

  package init(_ cause: Cause, _ detail: String) {
    self.cause = cause
    self.detail = detail
  }
}

/// Learns how the handshake of one connection goes, on its event loop. Each connection ends in one call of
/// ``handshakeCompleted(peer:applicationProtocol:)`` or ``handshakeFailed(_:)``.
package protocol HandshakeObserver<Peer>: AnyObject {
  associatedtype Peer: Sendable

  /// The client's hello is here, whole. From `begin` on the connection costs memory and computing; whoever has many of
  /// them calls it when it is this one's turn, on the event loop.
  func helloArrived(begin: @escaping () -> Void)

  /// The client is let in. Handlers for what it says have to be in the channel's pipeline when this returns.
  ///
  /// - Parameter peer: nil for a client without a certificate.
  func handshakeCompleted(peer: Peer?, applicationProtocol: String?)

  /// The connection is closed after this.
  func handshakeFailed(_ failure: ServerHandshakeFailure)
}

package enum ServerHandshakeFailure: Error, Hashable, Sendable {
  /// The first bytes are no TLS record, as when HTTP is spoken to a TLS port.
  case notTLS
  /// The client's certificate was refused.
  case refused(PeerRefusal)
  /// The two sides have no version or algorithm in common, or one of them broke the protocol.
  case protocolError(String)
  /// The client went away.
  case abandoned
}
