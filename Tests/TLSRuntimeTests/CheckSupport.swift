import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime

/// A check of a local server as the command makes it, with openssl as the verifier.
func check(
  port: Int, as credential: String? = nil, name: String = "localhost", startTLS: StartTLSProtocol? = nil,
  trust: String = "ca.crt", adjust: (inout CheckRequest) -> Void = { _ in }
) async throws -> CheckReport {
  let pki = try HandshakePKI.shared.get()
  var request = CheckRequest(
    endpoint: Endpoint(host: "127.0.0.1", port: port), now: Date(), assess: pki.verifier(name: name, trust: trust))
  request.name = name
  request.startTLS = startTLS
  request.trust = [trust == "ca.crt" ? "O=Example,CN=Test CA" : "CN=Other CA"]
  request.credential = try credential.map(pki.credential)
  request.grace = .milliseconds(300)
  request.connectTimeout = .seconds(300)
  request.handshakeTimeout = .seconds(300)
  request.answerTimeout = .seconds(300)
  adjust(&request)
  return try await Check.run(request)
}

extension CheckReport {
  func outcome(_ credential: HandshakeObservation.Attempt.Credential) -> HandshakeOutcome? {
    observation.outcome(of: credential)
  }

  var codes: [String] { diagnoses.map(\.code) }
  var text: String { render().joined(separator: "\n") }
}

extension ServerFlight.ClientCertificateRequest {
  var authorities: [String]? {
    if case .requested(let request) = self { request.authorities } else { nil }
  }
}

func afterHandshake(_ alert: TLSAlert) -> HandshakeOutcome { .refused(.init(.alert(alert), .afterHandshake)) }
func duringHandshake(_ alert: TLSAlert) -> HandshakeOutcome { .refused(.init(.alert(alert), .duringHandshake)) }
