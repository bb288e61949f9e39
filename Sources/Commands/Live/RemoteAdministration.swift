import Credentials
import Diagnosis
import Enrolment
import Formats
import Foundation
import Ledger
import Orchestrator
import TLSRuntime
import X509

/// Administration of a running orchestrator, over its `/v1`.
struct RemoteAdministration: Administration {
  enum Access: Sendable {
    /// A token, and the hash of the root that the server has to lead to.
    case token(JoinString)
    case certificate(TLSCredential, trust: [X509.Certificate])
  }

  private let address: OrchestratorAddress
  private let connection: RemoteConnection

  init(address: OrchestratorAddress, access: Access) {
    self.address = address
    connection = RemoteConnection(endpoint: address.endpoint, access: access)
  }

  var url: String { "https://\(address.endpoint)" }

  func invite(_ wish: API.NewInvitation) async throws -> API.CreatedInvitation {
    try await post("/v1/invitations", wish)
  }

  func invitations(usableOnly: Bool, limit: Int) async throws -> API.InvitationList {
    try await get("/v1/invitations", ["usable": "\(usableOnly)", "limit": "\(limit)"])
  }

  func invitation(_ id: String) async throws -> API.Invitation { try await get("/v1/invitations/\(Self.part(id))") }

  func withdrawInvitation(_ id: String) async throws {
    _ = try await connection.send(.delete, "/v1/invitations/\(Self.part(id))")
  }

  func nodes(after cursor: String?, limit: Int) async throws -> API.NodeList {
    try await get("/v1/nodes", ["after": cursor, "limit": "\(limit)"])
  }

  func node(_ name: String, organization: String?) async throws -> API.NodeDetail {
    try await get("/v1/nodes/\(Self.part(name))", ["organization": organization])
  }

  func shutOut(_ name: String, _ revocation: API.NodeRevocation) async throws -> API.NodeDecision {
    try await post("/v1/nodes/\(Self.part(name))/revoke", revocation)
  }

  func readmit(_ name: String, _ readmission: API.Readmission) async throws -> API.NodeDecision {
    try await post("/v1/nodes/\(Self.part(name))/readmit", readmission)
  }

  func requests(_ state: PendingRequest.State, name: String?) async throws -> API.PendingRequestList {
    try await get("/v1/requests", ["state": state.rawValue, "name": name])
  }

  func request(_ id: String) async throws -> API.PendingRequest { try await get("/v1/requests/\(Self.part(id))") }

  func approve(_ id: String, _ approval: API.Approval) async throws -> API.PendingRequest {
    try await post("/v1/requests/\(Self.part(id))/approve", approval)
  }

  func deny(_ id: String) async throws -> API.PendingRequest {
    try Self.decode(try await connection.send(.post, "/v1/requests/\(Self.part(id))/deny"))
  }

  func certificates(_ query: API.CertificateQuery) async throws -> API.CertificateList {
    try await get(
      "/v1/certificates",
      [
        "state": query.state?.rawValue, "expiringBefore": query.expiringBefore.map(rfc3339), "name": query.name,
        "excludeSuperseded": "\(query.excludesSuperseded)", "after": query.after, "limit": "\(query.limit)",
      ])
  }

  func certificate(_ serial: String) async throws -> API.CertificateDetail {
    try await get("/v1/certificates/\(Self.part(serial))")
  }

  func revoke(_ serial: String, _ revocation: API.Revocation) async throws -> API.Revoked {
    try await post("/v1/certificates/\(Self.part(serial))/revoke", revocation)
  }

  func events(after sequence: Int64, limit: Int) async throws -> API.EventList {
    try await get("/v1/events", ["after": "\(sequence)", "limit": "\(limit)"])
  }

  func checkpoint() async throws -> API.Checkpoint { try await get("/v1/checkpoint") }

  func accessTokens() async throws -> API.AccessTokenList { try await get("/v1/access-tokens") }

  func createAccessToken(_ wish: API.NewAccessToken) async throws -> API.CreatedAccessToken {
    try await post("/v1/access-tokens", wish)
  }

  func withdrawAccessToken(_ id: String) async throws {
    _ = try await connection.send(.delete, "/v1/access-tokens/\(Self.part(id))")
  }

  func testPolicy(_ question: API.PolicyQuestion) async throws -> API.PolicyAnswer {
    try await post("/v1/policy/test", question)
  }

  func status(warnSeconds: Int, criticalSeconds: Int) async throws -> API.Status {
    try await get("/v1/status", ["warnSeconds": "\(warnSeconds)", "criticalSeconds": "\(criticalSeconds)"])
  }

  func authority() async throws -> API.Authority { try await get("/v1/authority") }

  /// Signs a request: what only a running orchestrator can do, since it has the key.
  func sign(_ wish: API.SigningWish) async throws -> API.CertificateDetail { try await post("/v1/certificates", wish) }

  /// The roots, and the intermediates between them and what is issued.
  func authorityCertificates() async throws -> [X509.Certificate] {
    let body = try await connection.send(.get, "/.well-known/est/cacerts")
    guard let der = try? Base64.decode(body[...]), let certificates = try? CertificatesOnly.decode(der) else {
      throw Self.incomprehensible
    }
    return try certificates.map { try CertificateFile.usable($0, path: "the orchestrator's answer") }
  }

  // MARK: JSON

  private func get<Answer: Decodable>(_ path: String, _ query: [String: String?] = [:]) async throws -> Answer {
    let pairs = query.compactMap { name, value in value.map { "\(name)=\(Self.part($0))" } }.sorted()
    let target = pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    return try Self.decode(try await connection.send(.get, target))
  }

  private func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
    try Self.decode(try await connection.send(.post, path, body: Array(try JSONEncoder().encode(body))))
  }

  private static func decode<Answer: Decodable>(_ bytes: [UInt8]) throws -> Answer {
    do {
      return try JSONDecoder().decode(Answer.self, from: Data(bytes))
    } catch {
      throw incomprehensible
    }
  }

  static let incomprehensible = CommandError.environment(
    "the orchestrator's answer can't be understood", hint: "is it of another version than this program?")

  private static func part(_ text: String) -> String {
    let unreserved = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }
}
