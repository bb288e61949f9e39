import Credentials
package import Foundation
import GRDB
package import Ledger

extension SQLiteLedger: InvitationLog {
  package func record(_ invitation: Invitation, at now: Date) async throws(LedgerError) {
    try invitation.check()
    try await write { chain in
      let inserted = try chain.execute(
        """
        INSERT INTO invitations (id, secret_hash, name, organization, dns, uses, used, created_by, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """,
        [
          invitation.id, Data(invitation.secretHash), invitation.scope.name, invitation.scope.organization,
          CanonicalJSON.encode(invitation.scope.dns), invitation.uses, invitation.createdBy,
          invitation.createdAt.unixSeconds, invitation.expiresAt.unixSeconds,
        ])
      guard inserted == 1 else { throw LedgerError.unusable(what: "an ID that is taken") }
      try chain.append(LedgerEvents.created(invitation), at: now)
    }
  }

  package func invitation(_ id: String) async throws(LedgerError) -> Invitation? {
    try await read { db in
      let statement = try db.cachedStatement(sql: "SELECT \(OfferRows.invitation) FROM invitations WHERE id = ?")
      return try Row.fetchOne(statement, arguments: [id]).map { try OfferRows.invitation(Columns($0)) }
    }
  }

  package func invitations(usableAt: Date?, limit: Int) async throws(LedgerError) -> [Invitation] {
    try await read { db in
      let condition = usableAt == nil ? "" : "WHERE expires_at > ? AND withdrawn_at IS NULL AND used < uses"
      let arguments: [any DatabaseValueConvertible] = usableAt.map { [$0.unixSeconds] } ?? []
      return try Row.fetchAll(
        db,
        sql: """
          SELECT \(OfferRows.invitation) FROM invitations \(condition) ORDER BY number DESC
          LIMIT \(max(1, min(limit, 1000)))
          """, arguments: StatementArguments(arguments)
      ).map { try OfferRows.invitation(Columns($0)) }
    }
  }

  package func withdrawInvitation(_ id: String, by actor: String, at now: Date) async throws(LedgerError) {
    try EventEntry.checkLive([id, actor])
    try await write { chain in
      let changed = try chain.execute(
        "UPDATE invitations SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", [now.unixSeconds, id])
      guard changed == 1 else { throw LedgerError.notFound("invitation \(id)") }
      try chain.append(LedgerEvents.withdrawnInvitation(id, by: actor), at: now)
    }
  }
}

extension SQLiteLedger: AccessLog {
  package func record(_ token: AccessToken, at now: Date) async throws(LedgerError) {
    try token.check()
    try await write { chain in
      let inserted = try chain.execute(
        """
        INSERT INTO access_tokens (id, secret_hash, name, role, created_by, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """,
        [
          token.id, Data(token.secretHash), token.name, token.role.rawValue, token.createdBy,
          token.createdAt.unixSeconds, token.expiresAt.unixSeconds,
        ])
      guard inserted == 1 else { throw LedgerError.unusable(what: "an ID that is taken") }
      try chain.append(LedgerEvents.created(token), at: now)
    }
  }

  package func accessToken(_ id: String) async throws(LedgerError) -> AccessToken? {
    try await read { db in
      let statement = try db.cachedStatement(sql: "SELECT \(OfferRows.token) FROM access_tokens WHERE id = ?")
      return try Row.fetchOne(statement, arguments: [id]).map { try OfferRows.token(Columns($0)) }
    }
  }

  package func accessTokens() async throws(LedgerError) -> [AccessToken] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT \(OfferRows.token) FROM access_tokens ORDER BY number DESC LIMIT 10000").map {
        try OfferRows.token(Columns($0))
      }
    }
  }

  package func withdrawAccessToken(_ id: String, by actor: String, at now: Date) async throws(LedgerError) {
    try EventEntry.checkLive([id, actor])
    try await write { chain in
      let changed = try chain.execute(
        "UPDATE access_tokens SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", [now.unixSeconds, id])
      guard changed == 1 else { throw LedgerError.notFound("access token \(id)") }
      try chain.append(LedgerEvents.withdrawnAccessToken(id, by: actor), at: now)
    }
  }
}

/// The tables of invitations and access tokens.
enum OfferRows {
  static let invitation =
    "id, secret_hash, name, organization, dns, uses, used, created_by, created_at, expires_at, withdrawn_at"

  static func invitation(_ row: Columns) throws -> Invitation {
    Invitation(
      id: try row.text(0), secretHash: try row.bytes(1),
      scope: .init(
        name: try row.optional(2, row.text), organization: try row.optional(3, row.text), dns: try row.texts(4)),
      uses: Int(truncatingIfNeeded: try row.integer(5)), used: Int(truncatingIfNeeded: try row.integer(6)),
      createdBy: try row.text(7), createdAt: try row.time(8), expiresAt: try row.time(9),
      withdrawnAt: try row.optional(10, row.time))
  }

  static let token = "id, secret_hash, name, role, created_by, created_at, expires_at, withdrawn_at"

  static func token(_ row: Columns) throws -> AccessToken {
    guard let role = AccessToken.Role(rawValue: try row.text(3)) else {
      throw Columns.Unreadable(reason: "its role is unknown")
    }
    return AccessToken(
      id: try row.text(0), secretHash: try row.bytes(1), name: try row.text(2), role: role,
      createdBy: try row.text(4), createdAt: try row.time(5), expiresAt: try row.time(6),
      withdrawnAt: try row.optional(7, row.time))
  }
}
