package import Diagnosis
package import Foundation
import SwiftASN1
import X509

/// What to check, and as whom.
package struct CheckRequest: Sendable {
  package var endpoint: Endpoint
  /// The name that the certificate has to hold; the endpoint's host if nil.
  package var name: String?
  package var startTLS: StartTLSProtocol?
  /// Our certificate and key.
  package var credential: TLSCredential?
  /// The subjects of the trust bundle, for the explanations; nil when none was given.
  package var trust: [String]?
  /// A router's settings to try as well.
  package var upstream: UpstreamTLSSettings?
  package var now: Date
  package var question: ProbeConfiguration.Question = .waitThenHTTP
  package var connectTimeout: Duration = .seconds(5)
  package var handshakeTimeout: Duration = .seconds(5)
  package var grace: Duration = .seconds(1)
  package var answerTimeout: Duration = .seconds(2)
  /// Judges the presented chain (DER, leaf first) against the trust bundle and the name.
  package var assess: @Sendable ([[UInt8]]) -> ServerAssessment

  package init(endpoint: Endpoint, now: Date, assess: @escaping @Sendable ([[UInt8]]) -> ServerAssessment) {
    self.endpoint = endpoint
    self.now = now
    self.assess = assess
  }
}

/// Checks a TLS server: with no client certificate, with a foreign one, and with ours.
package enum Check {
  /// Makes up to three connections, one after the other, because some servers serve one at a time.
  ///
  /// Where the server does not ask for a client certificate the first connection has shown everything.
  /// - Throws: ``ProbeError`` when the server can't be reached or no handshake comes about.
  package static func run(_ request: CheckRequest) async throws(ProbeError) -> CheckReport {
    let name = request.name ?? request.endpoint.host
    var observation = HandshakeObservation(endpoint: request.endpoint, expectedName: name, startTLS: request.startTLS)
    observation.trust = request.trust
    let first = try await attempt(.none, with: nil, request)
    if case .failed(let failure) = first.outcome, first.flight.version == nil {
      throw error(for: failure, request)
    }
    observation.record(first)
    observation.record(.none, nil, first.outcome)
    if let settings = request.upstream { observation.upstream = try await agreement(on: settings, request) }
    if observation.stance == .notRequested {
      if let credential = request.credential { try validate(credential) }
      return CheckReport(observation, at: request.now)
    }
    let foreign: TLSCredential
    do {
      foreign = try .foreign(at: request.now)
    } catch {
      throw .unusableCredential(reason: TLSProbe.describe(error))
    }
    observation.record(.foreign, foreign, try await attempt(.foreign, with: foreign, request).outcome)
    if let own = request.credential {
      observation.record(.own, own, try await attempt(.own, with: own, request).outcome)
    }
    return CheckReport(observation, at: request.now)
  }

  /// One more handshake, which offers just what the router would.
  private static func agreement(
    on settings: UpstreamTLSSettings, _ request: CheckRequest
  ) async throws(ProbeError) -> UpstreamTLSAgreement {
    let result = try await attempt(.none, with: nil, request, offer: settings)
    guard case .failed(let failure) = result.outcome else {
      let negotiated = NegotiatedTLS(result.flight)
      return UpstreamTLSAgreement(
        settings: settings, agreed: negotiated, failure: negotiated == nil ? result.outcome.description : nil)
    }
    return UpstreamTLSAgreement(settings: settings, agreed: nil, failure: failure.description)
  }

  private static func attempt(
    _ kind: HandshakeObservation.Attempt.Credential, with credential: TLSCredential?, _ request: CheckRequest,
    offer: UpstreamTLSSettings? = nil
  ) async throws(ProbeError) -> ProbeResult {
    let name = request.name ?? request.endpoint.host
    var probe = ProbeConfiguration(endpoint: request.endpoint, serverName: name, assess: request.assess)
    probe.credential = credential
    probe.startTLS = request.startTLS
    probe.offer = offer
    probe.question = request.question
    probe.connectTimeout = request.connectTimeout
    probe.handshakeTimeout = request.handshakeTimeout
    probe.grace = request.grace
    probe.answerTimeout = request.answerTimeout
    if let user = request.credential?.chain.first?.subject.commonName { probe.postgresUser = user }
    return try await TLSProbe.run(probe)
  }

  /// A key that does not belong to its certificate is wrong usage even where the server never asks for it.
  private static func validate(_ credential: TLSCredential) throws(ProbeError) {
    guard credential.chain.first?.publicKey == credential.key.publicKey else {
      throw .unusableCredential(reason: "the key does not belong to the certificate")
    }
  }

  private static func error(for failure: HandshakeFailure, _ request: CheckRequest) -> ProbeError {
    switch failure {
    case .notTLS(let said): .notTLS(request.endpoint, said: said)
    case .closed: .closedBeforeTLS(request.endpoint)
    case .timedOut: .handshakeTimedOut(request.endpoint, after: request.handshakeTimeout)
    case .protocolError(let reason): .protocolError(request.endpoint, reason: reason)
    }
  }
}

extension HandshakeObservation {
  fileprivate mutating func record(_ result: ProbeResult) {
    address = result.address
    nats = result.nats
    tls = NegotiatedTLS(result.flight)
    certificates = result.certificates
    clientCertificateRequest = result.flight.clientCertificate
    if let assessment = result.assessment { server = assessment }
  }

  fileprivate mutating func record(
    _ kind: Attempt.Credential, _ credential: TLSCredential?, _ outcome: HandshakeOutcome
  ) {
    let chain = (try? credential?.derChain()) ?? []
    attempts.append(
      Attempt(credential: kind, certificates: chain.map(PresentedCertificate.init(der:)), outcome: outcome))
  }
}

extension DistinguishedName {
  /// The first commonName, if there is one.
  fileprivate var commonName: String? {
    lazy.flatMap { $0 }.first { $0.type == .RDNAttributeType.commonName }.flatMap { String($0.value) }
  }
}
