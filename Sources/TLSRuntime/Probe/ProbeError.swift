package import Credentials
package import Diagnosis
import Foundation

/// Why a server could not be probed at all.
package enum ProbeError: ExplainedError, Hashable {
  case hostNotFound(String)
  case connectionRefused(Endpoint)
  case unreachable(Endpoint, reason: String)
  case connectTimedOut(Endpoint, after: Duration)
  case handshakeTimedOut(Endpoint, after: Duration)
  /// Nothing of the protocol that comes before TLS arrived.
  case greetingTimedOut(Endpoint, StartTLSProtocol, after: Duration)
  /// The server does not offer TLS in the protocol that was asked for; what it said.
  case tlsNotOffered(Endpoint, StartTLSProtocol, said: String)
  /// The server answered, but not in TLS; what it said, made printable.
  case notTLS(Endpoint, said: String)
  case closedBeforeTLS(Endpoint)
  /// The server broke the TLS protocol, or shares nothing with us.
  case protocolError(Endpoint, reason: String)
  /// The client certificate or its key can't be used.
  case unusableCredential(reason: String)

  package var message: String {
    switch self {
    case .hostNotFound(let host): "no address found for host \(host)"
    case .connectionRefused(let endpoint): "connection to \(endpoint) refused"
    case .unreachable(let endpoint, let reason): "can't connect to \(endpoint): \(reason)"
    case .connectTimedOut(let endpoint, let time): "no connection to \(endpoint) within \(time.seconds)"
    case .handshakeTimedOut(let endpoint, let time):
      "\(endpoint) accepted the connection but did not finish a TLS handshake within \(time.seconds)"
    case .greetingTimedOut(let endpoint, let startTLS, let time):
      "\(endpoint) accepted the connection but said nothing in \(startTLS.title) within \(time.seconds)"
    case .tlsNotOffered(let endpoint, let startTLS, let said):
      "the \(startTLS.title) server at \(endpoint) does not offer TLS: \(said)"
    case .notTLS(let endpoint, let said): "\(endpoint) does not speak TLS; it said: \(said)"
    case .closedBeforeTLS(let endpoint): "\(endpoint) closed the connection before any TLS"
    case .protocolError(let endpoint, let reason): "no TLS handshake with \(endpoint): \(reason)"
    case .unusableCredential(let reason): "the client certificate and key can't be used: \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .hostNotFound: "check the spelling and the resolver, or give an address and --name"
    case .connectionRefused: "check that the server runs and listens on this address and port"
    case .unreachable, .connectTimedOut: "check the address, the route and the firewall"
    case .handshakeTimedOut: "the port may belong to a protocol that starts in the clear: try --starttls"
    case .greetingTimedOut: "check the port; a server that starts with TLS at once needs no --starttls"
    case .tlsNotOffered: "turn TLS on in the server's configuration"
    case .notTLS: "check the port; for NATS and PostgreSQL give --starttls"
    case .closedBeforeTLS: "the port may belong to another protocol, or an access list may forbid this address"
    case .protocolError: nil
    case .unusableCredential: "check that the key belongs to the certificate: countersign inspect"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .hostNotFound, .connectionRefused, .unreachable, .connectTimedOut, .handshakeTimedOut, .greetingTimedOut:
      .environment
    case .tlsNotOffered, .notTLS, .closedBeforeTLS, .protocolError: .refused
    case .unusableCredential: .badInput
    }
  }
}

extension Duration {
  /// In seconds, as in `1.5 s`.
  fileprivate var seconds: String {
    formatted(.units(allowed: [.seconds, .milliseconds], width: .narrow))
  }
}
