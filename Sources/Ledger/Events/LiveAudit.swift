import Credentials
import Foundation

/// What the events say of the rows of a live service, to be compared with them.
struct LiveAudit {
  struct Finding {
    var kind: LedgerReport.Problem.Kind
    var sequence: Int64?
    var explanation: String
  }

  private struct Offer {
    var sequence: Int64
    var row: String
    var used = 0
    var withdrawnAt: Date?
  }

  private struct Waiting {
    var sequence: Int64
    var row: String
    var state = PendingRequest.State.waiting
    var decidedBy: String?
    var decidedAt: Date?
  }

  private var invitations: [String: Offer] = [:]
  private var accessTokens: [String: Offer] = [:]
  private var requests: [String: Waiting] = [:]
  private var shutOut: [NodeRecord.Key: (sequence: Int64, at: Date, by: String)] = [:]

  /// - Returns: what is wrong, if the event can't follow from those before it.
  mutating func add(_ event: Event) -> Finding? {
    let details = event.details
    let id = event.subject
    var follows = true
    switch event.kind {
    case .invitationCreated:
      follows = invitations.updateValue(Offer(sequence: event.sequence, row: details["row"] ?? ""), forKey: id) == nil
    case .accessTokenCreated:
      follows = accessTokens.updateValue(Offer(sequence: event.sequence, row: details["row"] ?? ""), forKey: id) == nil
    case .invitationWithdrawn: follows = Self.withdraw(&invitations[id], at: event.time)
    case .accessTokenWithdrawn: follows = Self.withdraw(&accessTokens[id], at: event.time)
    case .requestSubmitted: requests[id] = Waiting(sequence: event.sequence, row: details["row"] ?? "")
    case .requestApproved, .requestDenied:
      follows = requests[id]?.state == .waiting
      requests[id]?.state = event.kind == .requestApproved ? .approved : .denied
      requests[id]?.decidedBy = event.actor
      requests[id]?.decidedAt = event.time
    case .nodeShutOut:
      shutOut[.init(name: id, organization: details["organization"])] = (event.sequence, event.time, event.actor)
    case .nodeReadmitted:
      follows = shutOut.removeValue(forKey: .init(name: id, organization: details["organization"])) != nil
    case .certificateReserved, .certificateIssued: follows = take(details["claim"])
    default: break
    }
    guard !follows else { return nil }
    return Finding(
      kind: .impossibleEvent, sequence: event.sequence,
      explanation: "event \(event.sequence) doesn't follow from the state of \(id)")
  }

  private static func withdraw(_ offer: inout Offer?, at time: Date) -> Bool {
    guard offer != nil, offer?.withdrawnAt == nil else { return false }
    offer?.withdrawnAt = time
    return true
  }

  /// What a certificate used up.
  private mutating func take(_ claim: String?) -> Bool {
    switch claim.flatMap(Admission.Claim.init(text:)) {
    case .invitation(let id):
      guard invitations[id] != nil else { return false }
      invitations[id]?.used += 1
    case .approval(let id):
      guard let state = requests[id]?.state, state == .approved || state == .issued else { return false }
      requests[id]?.state = .issued
    case .password, .renewal: break
    case nil: return claim == nil
    }
    return true
  }

  mutating func compare(_ invitation: Invitation) -> Finding? {
    Self.compare(
      "invitation \(invitation.id)", invitations.removeValue(forKey: invitation.id), row: invitation.digest,
      used: invitation.used, withdrawnAt: invitation.withdrawnAt)
  }

  mutating func compare(_ token: AccessToken) -> Finding? {
    Self.compare(
      "access token \(token.id)", accessTokens.removeValue(forKey: token.id), row: token.digest, used: 0,
      withdrawnAt: token.withdrawnAt)
  }

  private static func compare(
    _ what: String, _ expected: Offer?, row: [UInt8], used: Int, withdrawnAt: Date?
  ) -> Finding? {
    guard let expected else {
      return Finding(kind: .strayRow, explanation: "\(what) is in no event: its row was inserted")
    }
    guard expected.row != row.hexadecimal || expected.used != used || expected.withdrawnAt != withdrawnAt else {
      return nil
    }
    return Finding(
      kind: .editedRow, sequence: expected.sequence, explanation: "the row of \(what) was edited")
  }

  /// A request that has expired may be gone, so one that is missing proves nothing.
  mutating func compare(_ request: PendingRequest) -> Finding? {
    guard let expected = requests.removeValue(forKey: request.id) else {
      return Finding(kind: .strayRow, explanation: "request \(request.id) is in no event: its row was inserted")
    }
    guard
      expected.row != request.digest.hexadecimal || expected.state != request.state
        || expected.decidedBy != request.decidedBy || expected.decidedAt != request.decidedAt
    else { return nil }
    return Finding(
      kind: .editedRow, sequence: expected.sequence, explanation: "the row of request \(request.id) was edited")
  }

  mutating func compareShutOut(_ node: NodeRecord.Key, at time: Date, by actor: String) -> Finding? {
    guard let expected = shutOut.removeValue(forKey: node) else {
      return Finding(kind: .strayRow, explanation: "that \(node.name) is shut out is in no event")
    }
    guard expected.at != time || expected.by != actor else { return nil }
    return Finding(
      kind: .editedRow, sequence: expected.sequence, explanation: "the row of node \(node.name) was edited")
  }

  /// Rows that the events tell of and that are not there.
  func missing() -> [Finding] {
    var found = invitations.map { ($0.value.sequence, "invitation \($0.key)") }
    found += accessTokens.map { ($0.value.sequence, "access token \($0.key)") }
    found += shutOut.map { ($0.value.sequence, "node \($0.key.name)") }
    return found.sorted { $0.0 < $1.0 }.map {
      Finding(kind: .missingRow, sequence: $0.0, explanation: "the row of \($0.1) was deleted")
    }
  }
}
