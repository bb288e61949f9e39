package import Ledger

/// What an administrator can ask and do, whether beside the ledger or across the network.
package protocol Administration: Sendable {
  func invite(_ wish: API.NewInvitation) async throws -> API.CreatedInvitation
  func invitations(usableOnly: Bool, limit: Int) async throws -> API.InvitationList
  func invitation(_ id: String) async throws -> API.Invitation
  /// Does nothing to one that is withdrawn already.
  func withdrawInvitation(_ id: String) async throws

  func nodes(after cursor: String?, limit: Int) async throws -> API.NodeList
  func node(_ name: String, organization: String?) async throws -> API.NodeDetail
  func shutOut(_ name: String, _ revocation: API.NodeRevocation) async throws -> API.NodeDecision
  func readmit(_ name: String, _ readmission: API.Readmission) async throws -> API.NodeDecision

  func requests(_ state: PendingRequest.State, name: String?) async throws -> API.PendingRequestList
  func request(_ id: String) async throws -> API.PendingRequest
  func approve(_ id: String, _ approval: API.Approval) async throws -> API.PendingRequest
  func deny(_ id: String) async throws -> API.PendingRequest

  func certificates(_ query: API.CertificateQuery) async throws -> API.CertificateList
  func certificate(_ serial: String) async throws -> API.CertificateDetail
  func revoke(_ serial: String, _ revocation: API.Revocation) async throws -> API.Revoked

  func events(after sequence: Int64, limit: Int) async throws -> API.EventList
  func checkpoint() async throws -> API.Checkpoint

  func accessTokens() async throws -> API.AccessTokenList
  func createAccessToken(_ wish: API.NewAccessToken) async throws -> API.CreatedAccessToken
  /// Does nothing to one that is withdrawn already.
  func withdrawAccessToken(_ id: String) async throws

  func testPolicy(_ question: API.PolicyQuestion) async throws -> API.PolicyAnswer
  func status(warnSeconds: Int, criticalSeconds: Int) async throws -> API.Status
  func authority() async throws -> API.Authority
}

extension Administration {
  /// All nodes, page by page.
  package func allNodes() async throws -> [API.Node] {
    var nodes: [API.Node] = []
    var cursor: String?
    repeat {
      let page = try await self.nodes(after: cursor, limit: API.mostEntries)
      nodes += page.nodes
      cursor = page.next
    } while cursor != nil
    return nodes
  }

  /// All certificates that a query finds, page by page.
  package func allCertificates(_ query: API.CertificateQuery) async throws -> [API.Certificate] {
    var query = query
    query.limit = API.mostEntries
    var certificates: [API.Certificate] = []
    repeat {
      let page = try await self.certificates(query)
      certificates += page.certificates
      query.after = page.next
    } while query.after != nil
    return certificates
  }

  /// The requests of a name that wait, of one organization where it is given.
  package func waiting(_ name: String, organization: String?) async throws -> [API.PendingRequest] {
    try await requests(.waiting, name: name).requests.filter {
      organization == nil || $0.organization == organization
    }
  }
}
