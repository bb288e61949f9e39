package import Credentials
package import Diagnosis

/// Why an HTTPS server gave no answer.
package enum HTTPSError: ExplainedError, Hashable {
  case hostNotFound(String)
  case connectionRefused(Endpoint)
  case connectTimedOut(Endpoint, after: Duration)
  case unreachable(Endpoint, reason: String)
  /// Its certificate does not chain to what we trust, or is expired or unfit.
  case untrusted(Endpoint, reason: String)
  case wrongName(Endpoint, expected: String, reason: String)
  /// It ended the connection with an alert, which is about our certificate if ``TLSAlert/concernsCertificate``.
  case clientRefused(Endpoint, TLSAlert)
  case handshakeFailed(Endpoint, reason: String)
  case answerTimedOut(Endpoint, after: Duration)
  /// The connection broke before the answer was there.
  case interrupted(Endpoint, reason: String)
  case answerTooLarge(Endpoint, limit: Int)
  /// The client certificate or its key can't be used.
  case unusableCredential(reason: String)

  package var message: String {
    switch self {
    case .hostNotFound(let host): "no address found for host \(host)"
    case .connectionRefused(let endpoint): "connection to \(endpoint) refused"
    case .connectTimedOut(let endpoint, let time): "no connection to \(endpoint) within \(time.operatorText)"
    case .unreachable(let endpoint, let reason): "can't connect to \(endpoint): \(reason)"
    case .untrusted(let endpoint, let reason): "the certificate of \(endpoint) is not trusted: \(reason)"
    case .wrongName(let endpoint, _, let reason): "the certificate of \(endpoint) is for another name: \(reason)"
    case .clientRefused(let endpoint, let alert):
      "\(endpoint) refused \(alert.concernsCertificate ? "our client certificate" : "the connection"): \(alert)"
    case .handshakeFailed(let endpoint, let reason): "no TLS handshake with \(endpoint): \(reason)"
    case .answerTimedOut(let endpoint, let time): "no answer from \(endpoint) within \(time.operatorText)"
    case .interrupted(let endpoint, let reason): "the connection to \(endpoint) broke: \(reason)"
    case .answerTooLarge(let endpoint, let limit): "\(endpoint) answered with more than \(limit >> 20) MiB"
    case .unusableCredential(let reason): "the client certificate and key can't be used: \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .hostNotFound: "check the spelling and the resolver"
    case .connectionRefused: "check that the server runs and listens on this address and port"
    case .connectTimedOut, .unreachable: "check the address, the route and the firewall"
    case .untrusted(let endpoint, _): "`countersign check \(endpoint)` shows what the server presents"
    case .wrongName(let endpoint, let expected, _):
      "expected was \(expected); `countersign check \(endpoint)` shows the names that it has"
    case .clientRefused(_, let alert):
      alert.concernsCertificate ? "check the client certificate's issuer and expiry" : nil
    case .handshakeFailed: "check the port, and whether a proxy stands in between"
    case .answerTimedOut, .interrupted: "run it again; if it stays so, look at the server"
    case .answerTooLarge: "check that the address is the right server's"
    case .unusableCredential: "check that the key belongs to the certificate: `countersign inspect`"
    }
  }

  package var kind: FailureKind {
    if case .unusableCredential = self { .badInput } else { .environment }
  }
}
