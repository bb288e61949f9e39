import Credentials
import Enrolment
import Foundation
package import Ledger

extension LedgerAdministration {
  package func nodes(after cursor: String?, limit: Int) async throws -> API.NodeList {
    let page = try await ledger.nodes(after: try cursor.map(Cursor.node), limit: limit)
    return API.NodeList(nodes: page.nodes.map(API.Node.init), next: page.next.map(Cursor.text))
  }

  package func node(_ name: String, organization: String?) async throws -> API.NodeDetail {
    let record = try await record(name, organization)
    let entries = try await ledger.certificates(of: record.key, limit: 20)
    return API.NodeDetail(node: API.Node(record), certificates: entries.map(API.Certificate.init))
  }

  package func shutOut(_ name: String, _ revocation: API.NodeRevocation) async throws -> API.NodeDecision {
    let reason = try Self.reason(revocation.reason)
    let key = try await record(name, revocation.organization).key
    let revoked = try await ledger.shutOut(key, isShutOut: true, reason: reason, by: actor, at: clock())
    return API.NodeDecision(
      name: key.name, organization: key.organization, state: .shutOut, revoked: revoked.map(\.hex))
  }

  package func readmit(_ name: String, _ readmission: API.Readmission) async throws -> API.NodeDecision {
    let key = try await record(name, readmission.organization).key
    _ = try await ledger.shutOut(key, isShutOut: false, reason: .unspecified, by: actor, at: clock())
    return API.NodeDecision(name: key.name, organization: key.organization, state: .admitted, revoked: [])
  }

  static func reason(_ text: String?) throws -> RevocationRecord.Reason {
    guard let text else { return .unspecified }
    guard let reason = RevocationRecord.Reason(rawValue: text) else {
      throw AdministrationError.invalid(
        field: "reason",
        reason: "it is one of \(RevocationRecord.Reason.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return reason
  }

  private func record(_ name: String, _ organization: String?) async throws -> NodeRecord {
    let found = try await ledger.nodes(named: name).filter {
      organization == nil || $0.key.organization == organization
    }
    guard let first = found.first else { throw AdministrationError.noSuch("node \(name)") }
    guard found.count == 1 else {
      throw AdministrationError.ambiguousNode(name, organizations: found.map { $0.key.organization ?? "(none)" })
    }
    return first
  }
}

extension LedgerAdministration {
  /// How many wrong pairing codes deny a request.
  package static let mostWrongCodes = 5

  package func requests(_ state: PendingRequest.State, name: String?) async throws -> API.PendingRequestList {
    let found = try await ledger.pendingRequests(state, name: name, at: clock())
    return API.PendingRequestList(requests: found.map(API.PendingRequest.init))
  }

  package func request(_ id: String) async throws -> API.PendingRequest { API.PendingRequest(try await pending(id)) }

  package func approve(_ id: String, _ approval: API.Approval) async throws -> API.PendingRequest {
    let request = try await waiting(id)
    guard PairingCode.matches(approval.code, request.pairingCode) else {
      let left = try await ledger.refuseCode(of: id, by: actor, mostTries: Self.mostWrongCodes, at: clock())
      throw AdministrationError.wrongCode(triesLeft: left)
    }
    try await ledger.decide(id, approve: true, by: actor, at: clock())
    return try await self.request(id)
  }

  package func deny(_ id: String) async throws -> API.PendingRequest {
    let request = try await pending(id)
    guard request.state != .denied else { return API.PendingRequest(request) }
    _ = try await waiting(id)
    try await ledger.decide(id, approve: false, by: actor, at: clock())
    return try await self.request(id)
  }

  private func pending(_ id: String) async throws -> PendingRequest {
    guard let request = try await ledger.pendingRequest(id) else { throw AdministrationError.noSuch("request \(id)") }
    return request
  }

  private func waiting(_ id: String) async throws -> PendingRequest {
    let request = try await pending(id)
    guard request.state == .waiting else {
      throw AdministrationError.notWaiting(request.name, state: request.state.rawValue)
    }
    guard request.expiresAt > clock() else { throw AdministrationError.notWaiting(request.name, state: "expired") }
    return request
  }
}
