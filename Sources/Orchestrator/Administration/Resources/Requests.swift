import Credentials
package import Ledger

extension API {
  /// A request that waits for an operator, or waited.
  package struct PendingRequest: Codable, Sendable, Hashable {
    package var id: String
    package var name: String
    package var organization: String?
    package var names: [String]
    /// What the node shows too: the operator compares the two.
    package var pairingCode: String
    package var source: String
    package var state: String
    package var createdAt: String
    package var expiresAt: String
    package var decidedBy: String?
    package var decidedAt: String?
  }

  package struct PendingRequestList: Codable, Sendable, Hashable {
    package var requests: [PendingRequest]
  }

  package struct Approval: APIInput, Hashable {
    package var code: String

    package init(code: String) { self.code = code }

    package static let fields: Set = ["code"]
  }
}

extension API.PendingRequest {
  package init(_ request: Ledger.PendingRequest) {
    id = request.id
    name = request.name
    organization = request.organization
    names = request.names
    pairingCode = request.pairingCode
    source = request.source
    state = request.state.rawValue
    createdAt = rfc3339(request.createdAt)
    expiresAt = rfc3339(request.expiresAt)
    decidedBy = request.decidedBy
    decidedAt = request.decidedAt.map(rfc3339)
  }
}
