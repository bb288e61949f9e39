import Credentials
import Diagnosis
import Foundation
import TLSRuntime

/// One claim of the demonstration, and the clients with whose handshakes it stands or falls.
struct QuickstartScene {
  let title: String
  let claim: HandshakeProof.Claim
  let credentials: [TLSCredential?]
  let name: String
  let trust: [[UInt8]]

  init(
    _ title: String, _ claim: HandshakeProof.Claim, _ credentials: [TLSCredential?], _ name: String, _ trust: [[UInt8]]
  ) {
    self.title = title
    self.claim = claim
    self.credentials = credentials
    self.name = name
    self.trust = trust
  }

  /// The first handshake that does not prove the claim, or else the last that does.
  func prove(_ endpoint: Endpoint) async throws -> HandshakeProof {
    var proofs: [HandshakeProof] = []
    for credential in credentials { proofs.append(try await prove(endpoint, as: credential)) }
    guard let proof = proofs.first(where: { !$0.holds }) ?? proofs.last else {
      throw CommandError.environment("nobody is there to prove \"\(title)\"")
    }
    return proof
  }

  private func prove(_ endpoint: Endpoint, as credential: TLSCredential?) async throws -> HandshakeProof {
    var probe = ProbeConfiguration(endpoint: endpoint, serverName: name) { [trust, name] chain in
      assess(chain, trust: trust, name: name, at: Date())
    }
    probe.credential = credential
    probe.question = .http
    return try await TLSProbe.prove(claim, probe)
  }
}
