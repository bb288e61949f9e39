package import Diagnosis

/// A claim about a server, and the live handshake that proves or disproves it.
package struct HandshakeProof: Sendable, Encodable {
  package enum Claim: String, Hashable, Sendable, Encodable {
    /// The client verified the server, and the server accepted the client.
    case acceptedBothWays = "accepted-both-ways"
    /// The server refuses the client, and says that the certificate is the reason.
    case refusedByServer = "refused-by-server"
    /// The client refuses the server and ends the handshake.
    case refusedByClient = "refused-by-client"
  }

  package var claim: Claim
  package var outcome: HandshakeOutcome
  package var server: ServerAssessment?

  /// Whether the outcome proves the claim. A refusal without a reason proves nothing.
  package var holds: Bool {
    switch (claim, outcome) {
    case (.acceptedBothWays, .accepted):
      if case .trusted = server?.chain, server?.name == .matches { true } else { false }
    case (.refusedByServer, .refused(let refusal)):
      refusal.isExplicit || refusal.form == .alert(.handshakeFailure)
    case (.refusedByClient, .refusedByClient): true
    default: false
    }
  }

  private enum CodingKeys: String, CodingKey { case claim, outcome, holds }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(claim, forKey: .claim)
    try container.encode(outcome, forKey: .outcome)
    try container.encode(holds, forKey: .holds)
  }
}

extension TLSProbe {
  /// Makes one connection as a real client does, which refuses a server that does not pass, and holds the outcome
  /// against a claim.
  /// - Throws: ``ProbeError`` when the server can't be reached.
  package static func prove(
    _ claim: HandshakeProof.Claim, _ configuration: ProbeConfiguration
  ) async throws(ProbeError) -> HandshakeProof {
    var configuration = configuration
    configuration.serverPolicy = .enforce
    let result = try await run(configuration)
    return HandshakeProof(claim: claim, outcome: result.outcome, server: result.assessment)
  }
}
