/// Everything that was observed of a server, as plain values.
package struct HandshakeObservation: Sendable {
  package var endpoint: Endpoint
  /// The name that the server's certificate has to hold.
  package var expectedName: String
  package var startTLS: StartTLSProtocol?
  /// The subjects of the trust bundle; nil when none was given.
  package var trust: [String]?
  /// The address that was connected to.
  package var address: String?
  package var nats: NATSServerInfo?
  /// Nil when no ServerHello arrived.
  package var tls: NegotiatedTLS?
  /// What the server presented, in its order.
  package var certificates: [PresentedCertificate] = []
  package var server = ServerAssessment(chain: .notVerified("the server presented no certificate"), name: .notChecked)
  package var clientCertificateRequest: ServerFlight.ClientCertificateRequest = .unknown
  package var attempts: [Attempt] = []
  /// What came of a router's own settings, where they were given.
  package var upstream: UpstreamTLSAgreement?

  package init(endpoint: Endpoint, expectedName: String, startTLS: StartTLSProtocol?) {
    self.endpoint = endpoint
    self.expectedName = expectedName
    self.startTLS = startTLS
  }

  package func outcome(of credential: Attempt.Credential) -> HandshakeOutcome? {
    attempts.first { $0.credential == credential }?.outcome
  }

  package struct Attempt: Hashable, Sendable, Encodable {
    /// Which client certificate was offered.
    package enum Credential: String, Hashable, Sendable, Encodable {
      case none
      /// A throw-away certificate, made for the attempt, that no server can trust.
      case foreign
      case own
    }

    package var credential: Credential
    package var certificates: [PresentedCertificate]
    package var outcome: HandshakeOutcome

    package init(credential: Credential, certificates: [PresentedCertificate], outcome: HandshakeOutcome) {
      self.credential = credential
      self.certificates = certificates
      self.outcome = outcome
    }
  }
}

/// Where a server listens.
package struct Endpoint: Hashable, Sendable, Encodable, CustomStringConvertible {
  /// A host name or an address, IPv6 without brackets.
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port`, `a.b.c.d:port` or `[v6]:port`; nil for anything else.
  package init?(parsing text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    let isClean = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "/") }
    guard (1...255).contains(host.utf8.count), isClean else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A protocol that starts in the clear and changes to TLS.
package enum StartTLSProtocol: String, Hashable, Sendable, Encodable, CaseIterable {
  case nats
  case postgres
}

/// The parts of NATS's INFO line that concern TLS.
package struct NATSServerInfo: Hashable, Sendable, Codable {
  package var version: String?
  package var tlsRequired: Bool?
  package var tlsVerify: Bool?
  package var tlsAvailable: Bool?
  package var authRequired: Bool?

  private enum CodingKeys: String, CodingKey {
    case version
    case tlsRequired = "tls_required"
    case tlsVerify = "tls_verify"
    case tlsAvailable = "tls_available"
    case authRequired = "auth_required"
  }
}

package struct NegotiatedTLS: Hashable, Sendable, Encodable {
  package var version: TLSProtocolVersion
  package var cipherSuite: TLSCipherSuite
  /// Nil where the key exchange has no named group (static RSA, or finite-field DH of TLS 1.2).
  package var group: TLSNamedGroup?
  /// The server asked for another group than the first one offered, at the price of a round trip.
  package var askedForAnotherGroup: Bool

  package init?(_ flight: ServerFlight) {
    guard let version = flight.version, let cipherSuite = flight.cipherSuite else { return nil }
    self.version = version
    self.cipherSuite = cipherSuite
    group = flight.group
    askedForAnotherGroup = flight.askedForAnotherGroup
  }
}

/// What our verifier says of the certificates that a server presented.
package struct ServerAssessment: Hashable, Sendable {
  package enum Chain: Hashable, Sendable {
    /// The subjects from the leaf to the trusted certificate.
    case trusted(path: [String])
    /// A stable code such as `unknown-issuer` or `expired`, and the reason in words.
    case untrusted(code: String, reason: String)
    /// Why nothing was verified.
    case notVerified(String)
  }

  package enum Name: Hashable, Sendable {
    case matches
    /// The reason in words.
    case mismatch(String)
    case notChecked
  }

  package var chain: Chain
  package var name: Name

  package init(chain: Chain, name: Name) {
    self.chain = chain
    self.name = name
  }

  /// Why a client has to refuse the server, or nil.
  package var objection: String? {
    if case .untrusted(_, let reason) = chain { return reason }
    if case .mismatch(let reason) = name { return reason }
    return nil
  }
}

extension HandshakeObservation: Encodable {
  private enum CodingKeys: String, CodingKey {
    case host, port, expectedName, startTLS, address, nats, tls, certificates, chain, name, clientCertificate, attempts,
      upstream
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(endpoint.host, forKey: .host)
    try container.encode(endpoint.port, forKey: .port)
    try container.encode(expectedName, forKey: .expectedName)
    try container.encodeIfPresent(startTLS, forKey: .startTLS)
    try container.encodeIfPresent(address, forKey: .address)
    try container.encodeIfPresent(nats, forKey: .nats)
    try container.encodeIfPresent(tls, forKey: .tls)
    try container.encode(certificates, forKey: .certificates)
    try container.encode(server.chain, forKey: .chain)
    try container.encode(server.name, forKey: .name)
    try container.encode(clientCertificateRequest, forKey: .clientCertificate)
    try container.encode(attempts, forKey: .attempts)
    try container.encodeIfPresent(upstream, forKey: .upstream)
  }
}

extension ServerAssessment.Chain: Encodable {
  private enum CodingKeys: String, CodingKey { case result, path, code, reason }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .trusted(let path):
      try container.encode("trusted", forKey: .result)
      try container.encode(path, forKey: .path)
    case .untrusted(let code, let reason):
      try container.encode("untrusted", forKey: .result)
      try container.encode(code, forKey: .code)
      try container.encode(reason, forKey: .reason)
    case .notVerified(let reason):
      try container.encode("not-verified", forKey: .result)
      try container.encode(reason, forKey: .reason)
    }
  }
}

extension ServerAssessment.Name: Encodable {
  private enum CodingKeys: String, CodingKey { case result, reason }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .matches: try container.encode("matches", forKey: .result)
    case .mismatch(let reason):
      try container.encode("mismatch", forKey: .result)
      try container.encode(reason, forKey: .reason)
    case .notChecked: try container.encode("not-checked", forKey: .result)
    }
  }
}

extension ServerFlight.ClientCertificateRequest: Encodable {
  private enum CodingKeys: String, CodingKey { case requested, authorities, signatureSchemes }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .requested(let request):
      try container.encode("yes", forKey: .requested)
      try container.encode(request.authorities, forKey: .authorities)
      try container.encode(request.signatureSchemes, forKey: .signatureSchemes)
    case .notRequested: try container.encode("no", forKey: .requested)
    case .unknown: try container.encode("unknown", forKey: .requested)
    }
  }
}

extension StartTLSProtocol {
  package var title: String {
    switch self {
    case .nats: "NATS"
    case .postgres: "PostgreSQL"
    }
  }
}
