package import Diagnosis

/// One connection to make and observe.
package struct ProbeConfiguration: Sendable {
  /// What to do when our verifier objects to the server.
  package enum ServerPolicy: Sendable {
    /// Go on, in order to see more. Nothing secret is ever sent.
    case observe
    /// End the handshake, as every real client does.
    case enforce
  }

  /// How to find out, after the handshake, whether the server accepted us.
  package enum Question: Sendable {
    /// Wait for ``grace``, in which a refusal of TLS 1.3 arrives; then ask as ``http`` does.
    case waitThenHTTP
    /// Send `GET / HTTP/1.0` at once: nginx ends no handshake, but answers 400 to a client that it does not accept.
    case http
    /// Send nothing; accepted is who is not refused within ``grace``.
    case silence
  }

  package var endpoint: Endpoint
  /// Sent as SNI when it is a host name, and in HTTP's Host field.
  package var serverName: String
  package var credential: TLSCredential?
  package var startTLS: StartTLSProtocol?
  /// Offer just this; everything that we have unless given.
  package var offer: UpstreamTLSSettings?
  package var serverPolicy: ServerPolicy = .observe
  package var question: Question = .waitThenHTTP
  /// The user to ask PostgreSQL for; `clientcert=verify-full` compares it with the certificate's CN.
  package var postgresUser = "countersign"
  package var connectTimeout: Duration = .seconds(5)
  package var handshakeTimeout: Duration = .seconds(5)
  /// How long a refusal may take after a handshake that looked complete.
  package var grace: Duration = .seconds(1)
  /// How long an answer to our question may take.
  package var answerTimeout: Duration = .seconds(2)
  /// Judges the certificates that the server presented, leaf first in DER; runs on a thread of its own.
  package var assess: @Sendable (_ chain: [[UInt8]]) -> ServerAssessment

  package init(
    endpoint: Endpoint, serverName: String, assess: @escaping @Sendable ([[UInt8]]) -> ServerAssessment
  ) {
    self.endpoint = endpoint
    self.serverName = serverName
    self.assess = assess
  }
}

/// What one connection showed.
package struct ProbeResult: Sendable {
  package var outcome: HandshakeOutcome
  package var flight: ServerFlight
  /// What the server presented, leaf first.
  package var certificates: [PresentedCertificate]
  /// Nil when the server presented no certificate.
  package var assessment: ServerAssessment?
  package var address: String?
  package var nats: NATSServerInfo?
}
