/// How one attempt to use a TLS server ended.
package enum HandshakeOutcome: Hashable, Sendable {
  case accepted(Acceptance)
  /// The server ended it.
  case refused(Refusal)
  /// Our side ended it, because the server's certificate did not pass; the text says why.
  case refusedByClient(String)
  /// No handshake came about, for a reason that has nothing to do with certificates.
  case failed(HandshakeFailure)

  package var isAccepted: Bool {
    if case .accepted = self { true } else { false }
  }
}

/// What shows that a server accepted us after the handshake.
package enum Acceptance: Hashable, Sendable {
  /// It answered; the first line of what it said.
  case answered(String)
  /// It neither answered nor closed within the time given.
  case stayedOpen
  /// It read a request that it did not understand, and closed without a word about certificates.
  case closedAfterRequest
}

/// How a server refused.
package struct Refusal: Hashable, Sendable {
  package enum Phase: String, Hashable, Sendable, Encodable {
    case duringHandshake = "during-handshake"
    /// In TLS 1.3 a client is done before the server has judged its certificate, so a refusal arrives later.
    case afterHandshake = "after-handshake"
  }

  package enum Form: Hashable, Sendable {
    case alert(TLSAlert)
    /// The connection was closed without an alert.
    case closed
    /// The connection was reset (TCP RST).
    case reset
    /// An HTTP answer that blames the certificate.
    case http(status: Int, said: String)
    /// A message of the application protocol that blames the certificate.
    case message(code: String, said: String)
  }

  package var phase: Phase
  package var form: Form

  package init(_ form: Form, _ phase: Phase) {
    self.phase = phase
    self.form = form
  }
}

/// Why no handshake came about.
package enum HandshakeFailure: Hashable, Sendable {
  /// The server answered, but not in TLS; what it said, made printable.
  case notTLS(said: String)
  /// The server closed or reset the connection before it sent any TLS.
  case closed
  /// Nothing more arrived in time.
  case timedOut
  /// Our TLS library can't go on; its reason in words.
  case protocolError(String)
}

extension HandshakeOutcome: CustomStringConvertible {
  /// One clause, such as `refused with unknown_ca (48) after the handshake`.
  package var description: String {
    switch self {
    case .accepted(.answered(let line)): "accepted: it answered \u{201C}\(line)\u{201D}"
    case .accepted(.stayedOpen): "accepted: it kept the connection open"
    case .accepted(.closedAfterRequest): "accepted: it read a request before it closed"
    case .refused(let refusal): refusal.description
    case .refusedByClient(let reason): "the client refused the server: \(reason)"
    case .failed(let failure): failure.description
    }
  }
}

extension Refusal: CustomStringConvertible {
  package var description: String {
    let when = phase == .duringHandshake ? "during the handshake" : "after the handshake"
    switch form {
    case .alert(let alert): return "refused with \(alert) \(when)"
    case .closed: return "refused: it closed the connection \(when) without an alert"
    case .reset: return "refused: it reset the connection \(when)"
    case .http(let status, let said): return "refused with HTTP \(status) \(when): \(said)"
    case .message(let code, let said): return "refused \(when): \(code.isEmpty ? "" : code + " ")\(said)"
    }
  }
}

extension HandshakeFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notTLS(let said): "failed: the answer was not TLS: \(said)"
    case .closed: "failed: it closed the connection before any TLS"
    case .timedOut: "failed: the handshake did not finish in time"
    case .protocolError(let reason): "failed: \(reason)"
    }
  }
}

extension HandshakeOutcome: Encodable {
  private enum CodingKeys: String, CodingKey { case result, phase, form, alert, status, code, said }

  /// One flat object: `result` is accepted, refused, refused-by-client or failed, `form` says how.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .accepted(let acceptance):
      try container.encode("accepted", forKey: .result)
      switch acceptance {
      case .answered(let line):
        try container.encode("answered", forKey: .form)
        try container.encode(line, forKey: .said)
      case .stayedOpen: try container.encode("stayed-open", forKey: .form)
      case .closedAfterRequest: try container.encode("closed-after-request", forKey: .form)
      }
    case .refused(let refusal):
      try container.encode("refused", forKey: .result)
      try container.encode(refusal.phase, forKey: .phase)
      try Self.encode(refusal.form, into: &container)
    case .refusedByClient(let reason):
      try container.encode("refused-by-client", forKey: .result)
      try container.encode(reason, forKey: .said)
    case .failed(let failure):
      try container.encode("failed", forKey: .result)
      try Self.encode(failure, into: &container)
    }
  }

  private static func encode(_ form: Refusal.Form, into container: inout KeyedEncodingContainer<CodingKeys>) throws {
    switch form {
    case .alert(let alert):
      try container.encode("alert", forKey: .form)
      try container.encode(alert, forKey: .alert)
    case .closed: try container.encode("closed", forKey: .form)
    case .reset: try container.encode("reset", forKey: .form)
    case .http(let status, let said):
      try container.encode("http", forKey: .form)
      try container.encode(status, forKey: .status)
      try container.encode(said, forKey: .said)
    case .message(let code, let said):
      try container.encode("message", forKey: .form)
      try container.encode(code, forKey: .code)
      try container.encode(said, forKey: .said)
    }
  }

  private static func encode(_ failure: HandshakeFailure, into container: inout KeyedEncodingContainer<CodingKeys>)
    throws
  {
    switch failure {
    case .notTLS(let said):
      try container.encode("not-tls", forKey: .form)
      try container.encode(said, forKey: .said)
    case .closed: try container.encode("closed", forKey: .form)
    case .timedOut: try container.encode("timed-out", forKey: .form)
    case .protocolError(let reason):
      try container.encode("protocol-error", forKey: .form)
      try container.encode(reason, forKey: .said)
    }
  }
}
