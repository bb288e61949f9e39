import Credentials
import Foundation

/// The events that stand for the rows of a live service. `row` is the hash of what never changes in a row.
extension LedgerEvents {
  package static func created(_ invitation: Invitation) -> EventEntry {
    var detail = [
      "uses": String(invitation.uses), "expires": String(invitation.expiresAt.unixSeconds),
      "row": invitation.digest.hexadecimal,
    ]
    detail["name"] = invitation.scope.name
    detail["organization"] = invitation.scope.organization
    if !invitation.scope.dns.isEmpty { detail["dns"] = invitation.scope.dns.joined(separator: " ") }
    return EventEntry(
      kind: .invitationCreated, actor: invitation.createdBy, subject: invitation.id, detail: detail)
  }

  package static func withdrawnInvitation(_ id: String, by actor: String) -> EventEntry {
    EventEntry(kind: .invitationWithdrawn, actor: actor, subject: id)
  }

  package static func created(_ token: AccessToken) -> EventEntry {
    EventEntry(
      kind: .accessTokenCreated, actor: token.createdBy, subject: token.id,
      detail: [
        "name": token.name, "role": token.role.rawValue, "expires": String(token.expiresAt.unixSeconds),
        "row": token.digest.hexadecimal,
      ])
  }

  package static func withdrawnAccessToken(_ id: String, by actor: String) -> EventEntry {
    EventEntry(kind: .accessTokenWithdrawn, actor: actor, subject: id)
  }

  package static func submitted(_ request: PendingRequest) -> EventEntry {
    var detail = [
      "name": request.name, "source": request.source, "expires": String(request.expiresAt.unixSeconds),
      "row": request.digest.hexadecimal,
    ]
    detail["organization"] = request.organization
    return EventEntry(kind: .requestSubmitted, actor: request.source, subject: request.id, detail: detail)
  }

  package static func decided(_ id: String, name: String, approve: Bool, by actor: String) -> EventEntry {
    EventEntry(kind: approve ? .requestApproved : .requestDenied, actor: actor, subject: id, detail: ["name": name])
  }

  package static func shutOut(_ node: NodeRecord.Key, reason: RevocationRecord.Reason, by actor: String) -> EventEntry {
    var detail = ["reason": reason.rawValue]
    detail["organization"] = node.organization
    return EventEntry(kind: .nodeShutOut, actor: actor, subject: node.name, detail: detail)
  }

  package static func readmitted(_ node: NodeRecord.Key, by actor: String) -> EventEntry {
    EventEntry(
      kind: .nodeReadmitted, actor: actor, subject: node.name,
      detail: node.organization.map { ["organization": $0] } ?? [:])
  }
}

extension Invitation {
  /// SHA-256 over what never changes.
  package var digest: [UInt8] {
    var input = LengthPrefixed("countersign invitation v1")
    input.append(id)
    input.append(secretHash)
    input.append(scope.name)
    input.append(scope.organization)
    input.append(CanonicalJSON.encode(scope.dns))
    input.append(Int64(uses))
    input.append(createdBy)
    input.append(createdAt.unixSeconds)
    input.append(expiresAt.unixSeconds)
    return input.hash
  }

  /// - Throws: ``LedgerError/unusable(what:)``.
  package func check() throws(LedgerError) {
    guard uses > 0, used == 0, withdrawnAt == nil else { throw .unusable(what: "an invitation without uses") }
    guard secretHash.count == 32 else { throw .unusable(what: "a hash that isn't SHA-256") }
    try EventEntry.checkLive([id, scope.name ?? "", scope.organization ?? "", createdBy] + scope.dns)
  }
}

extension AccessToken {
  /// SHA-256 over what never changes.
  package var digest: [UInt8] {
    var input = LengthPrefixed("countersign access token v1")
    input.append(id)
    input.append(secretHash)
    for text in [name, role.rawValue, createdBy] { input.append(text) }
    input.append(createdAt.unixSeconds)
    input.append(expiresAt.unixSeconds)
    return input.hash
  }

  /// - Throws: ``LedgerError/unusable(what:)``.
  package func check() throws(LedgerError) {
    guard secretHash.count == 32 else { throw .unusable(what: "a hash that isn't SHA-256") }
    try EventEntry.checkLive([id, name, createdBy])
  }
}

extension PendingRequest {
  /// SHA-256 over what never changes.
  package var digest: [UInt8] {
    var input = LengthPrefixed("countersign pending request v1")
    input.append(id)
    input.append(name)
    input.append(organization)
    input.append(CanonicalJSON.encode(names))
    input.append(request)
    for text in [pairingCode, source] { input.append(text) }
    input.append(createdAt.unixSeconds)
    input.append(expiresAt.unixSeconds)
    return input.hash
  }

  /// - Throws: ``LedgerError/unusable(what:)``.
  package func check() throws(LedgerError) {
    guard request.count <= Reservation.mostBytes else { throw .unusable(what: "a request of more than 1 MB") }
    try EventEntry.checkLive([id, name, organization ?? "", pairingCode, source] + names)
  }
}

extension EventEntry {
  /// What texts of the live service's rows may be.
  ///
  /// - Throws: ``LedgerError/unusable(what:)``.
  package static func checkLive(_ texts: [String]) throws(LedgerError) {
    try check(texts)
    guard texts.reduce(0, { $0 + $1.utf8.count }) <= 100_000 else { throw .unusable(what: "texts of more than 100 kB") }
  }
}
