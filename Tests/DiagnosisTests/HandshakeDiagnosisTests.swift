import Diagnosis
import Foundation
import Testing

@Suite("causes of what was observed")
struct HandshakeDiagnosisTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  private func observation(
    none: HandshakeOutcome, foreign: HandshakeOutcome? = nil,
    request: ServerFlight.ClientCertificateRequest = .requested(.init(authorities: [], signatureSchemes: []))
  ) -> HandshakeObservation {
    var observation = HandshakeObservation(
      endpoint: Endpoint(host: "host", port: 443), expectedName: "host", startTLS: nil)
    var flight = ServerFlight()
    flight.version = .tls13
    flight.cipherSuite = .aes128GCM
    observation.tls = NegotiatedTLS(flight)
    observation.clientCertificateRequest = request
    observation.attempts = [.init(credential: .none, certificates: [], outcome: none)]
    if let foreign { observation.attempts.append(.init(credential: .foreign, certificates: [], outcome: foreign)) }
    return observation
  }

  private let refused = HandshakeOutcome.refused(.init(.alert(.certificateRequired), .afterHandshake))
  private let accepted = HandshakeOutcome.accepted(.answered("HTTP/1.1 200 OK"))

  @Test("the stance follows from what was asked for and what happened without a certificate")
  func stances() {
    #expect(observation(none: accepted, request: .notRequested).stance == .notRequested)
    #expect(observation(none: accepted).stance == .optional)
    #expect(observation(none: refused).stance == .required)
    #expect(observation(none: .refused(.init(.closed, .afterHandshake)), request: .unknown).stance == .unknown)
    #expect(observation(none: .failed(.timedOut)).stance == .unknown)
  }

  @Test("a server that requires a certificate and takes a foreign one is a problem, the worst first")
  func acceptsAny() {
    var observation = observation(none: refused, foreign: accepted)
    observation.nats = try? JSONDecoder().decode(NATSServerInfo.self, from: Data("{\"tls_available\":true}".utf8))
    let diagnoses = observation.diagnose(at: now)
    #expect(diagnoses.map(\.code) == ["accepts-any-client", "tls-optional"])
    #expect(diagnoses.map(\.severity) == [.problem, .warning])
  }

  @Test("a required certificate is a note for who gave none")
  func required() {
    let report = CheckReport(observation(none: refused, foreign: refused), at: now)
    #expect(report.diagnoses.map(\.code) == ["client-certificate-required"])
    #expect(report.isHealthy)
  }

  @Test("a chain that is not valid for another reason keeps that reason")
  func untrusted() {
    var observation = observation(none: accepted, request: .notRequested)
    observation.server = .init(chain: .untrusted(code: "revoked", reason: "it was revoked"), name: .matches)
    let report = CheckReport(observation, at: now)
    #expect(report.diagnoses.first?.code == "chain-revoked")
    #expect(!report.isHealthy)
  }

  @Test("what a server says can't steer the terminal")
  func controls() {
    let report = CheckReport(observation(none: .accepted(.answered("\u{1B}[2Jhello\u{9B}1m"))), at: now)
    #expect(report.render().joined().unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
  }

  @Test("an unreadable certificate keeps its fingerprint")
  func unreadable() {
    let certificate = PresentedCertificate(der: [0x30, 0x00])
    #expect(certificate.facts == nil)
    #expect(certificate.fingerprint.count == 64)
    #expect(certificate.title.hasPrefix("unreadable certificate"))
  }
}
