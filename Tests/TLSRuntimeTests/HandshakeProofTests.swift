import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime
import Testing

@Suite("proofs by a live handshake")
struct HandshakeProofTests {
  let pki: HandshakePKI
  let server: ServerProcess

  init() throws {
    pki = try HandshakePKI.shared.get()
    server = try .nginx(pki.server, "ssl_client_certificate \(pki.path("ca.crt")); ssl_verify_client on;")
  }

  private func prove(
    _ claim: HandshakeProof.Claim, as credential: String? = "client", name: String = "localhost"
  ) async throws -> HandshakeProof {
    var configuration = ProbeConfiguration(
      endpoint: Endpoint(host: "127.0.0.1", port: server.port), serverName: name, assess: pki.verifier(name: name))
    configuration.credential = try credential.map(pki.credential)
    configuration.question = .http
    configuration.handshakeTimeout = .seconds(300)
    configuration.answerTimeout = .seconds(300)
    return try await TLSProbe.prove(claim, configuration)
  }

  @Test("the five proofs of the quick start hold against nginx")
  func fiveProofs() async throws {
    #expect(try await prove(.acceptedBothWays).holds)
    #expect(try await prove(.refusedByServer, as: nil).holds)
    #expect(try await prove(.refusedByServer, as: "stranger").holds)
    #expect(try await prove(.refusedByServer, as: "expired").holds)
    let wrongName = try await prove(.refusedByClient, name: "db.example.org")
    #expect(wrongName.holds)
    #expect(wrongName.outcome == .refusedByClient("db.example.org is not in the certificate"))
  }

  @Test("a claim that is not true does not hold")
  func falseClaims() async throws {
    #expect(try await !prove(.refusedByServer).holds)
    #expect(try await !prove(.acceptedBothWays, as: nil).holds)
    #expect(try await !prove(.acceptedBothWays, name: "db.example.org").holds)
    #expect(try await !prove(.refusedByClient).holds)
  }

  @Test("nginx hears of the client's refusal")
  func alertReachesServer() async throws {
    _ = try await prove(.refusedByClient, name: "db.example.org")
    // The client is done before nginx writes of it.
    for _ in 0..<6000 where !server.output.contains("alert") { try await Task.sleep(for: .milliseconds(50)) }
    #expect(server.output.contains("alert"))
  }
}
