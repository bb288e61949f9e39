import Credentials
import Enrolment
import Foundation
import Ledger

extension LedgerAdministration {
  package func invite(_ wish: API.NewInvitation) async throws -> API.CreatedInvitation {
    let scope = try Self.scope(wish)
    let uses = wish.uses ?? 1
    guard (1...1_000_000).contains(uses) else {
      throw AdministrationError.invalid(field: "uses", reason: "it must be from 1 to 1,000,000")
    }
    let lifetime = try Self.lifetime(wish.lifetimeSeconds, default: 3600)
    let (url, hash) = (try await serviceURL(), try rootHash())
    let now = clock()
    let secret = newSecret()
    let joinString = try JoinString(url: url, rootHash: hash, secret: secret)
    let invitation = Invitation(
      id: secret.id, secretHash: secret.hash, scope: scope, uses: uses, createdBy: actor, createdAt: now,
      expiresAt: now + lifetime)
    try await ledger.record(invitation, at: now)
    return API.CreatedInvitation(invitation: API.Invitation(invitation, at: now), joinString: joinString.encode())
  }

  package func invitations(usableOnly: Bool, limit: Int) async throws -> API.InvitationList {
    let now = clock()
    let found = try await ledger.invitations(usableAt: usableOnly ? now : nil, limit: limit)
    return API.InvitationList(invitations: found.map { API.Invitation($0, at: now) })
  }

  package func invitation(_ id: String) async throws -> API.Invitation {
    guard let found = try await ledger.invitation(id) else { throw AdministrationError.noSuch("invitation \(id)") }
    return API.Invitation(found, at: clock())
  }

  package func withdrawInvitation(_ id: String) async throws {
    guard let found = try await ledger.invitation(id) else { throw AdministrationError.noSuch("invitation \(id)") }
    guard found.withdrawnAt == nil else { return }
    try await ledger.withdrawInvitation(id, by: actor, at: clock())
  }

  /// Without a name, an organization or DNS names an invitation would be for whatever the policy allows: that has to be
  /// said by a suffix at least.
  private static func scope(_ wish: API.NewInvitation) throws -> Invitation.Scope {
    try check(wish.name, field: "name")
    try check(wish.organization, field: "organization")
    let dns = wish.dns ?? []
    guard dns.count <= 100 else { throw AdministrationError.invalid(field: "dns", reason: "at most 100 names") }
    for name in dns {
      do {
        _ = try DNSName(name.hasPrefix(".") ? String(name.dropFirst()) : name)
      } catch {
        throw AdministrationError.invalid(field: "dns", reason: error.message)
      }
    }
    guard wish.name != nil || wish.organization != nil || !dns.isEmpty else {
      throw AdministrationError.invalid(
        field: "name", reason: "an invitation is for a name, an organization or DNS names; one of them is needed")
    }
    return Invitation.Scope(name: wish.name, organization: wish.organization, dns: dns)
  }
}

extension LedgerAdministration {
  package func accessTokens() async throws -> API.AccessTokenList {
    let now = clock()
    return API.AccessTokenList(accessTokens: try await ledger.accessTokens().map { API.AccessToken($0, at: now) })
  }

  package func createAccessToken(_ wish: API.NewAccessToken) async throws -> API.CreatedAccessToken {
    try Self.check(wish.name, field: "name")
    guard let role = AccessToken.Role(rawValue: wish.role) else {
      throw AdministrationError.invalid(
        field: "role", reason: "it is one of \(AccessToken.Role.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let lifetime = try Self.lifetime(wish.lifetimeSeconds, default: 90 * 86_400)
    let (url, hash) = (try await serviceURL(), try rootHash())
    let now = clock()
    let secret = newSecret()
    let accessString = try JoinString(url: url, rootHash: hash, secret: secret)
    let token = AccessToken(
      id: secret.id, secretHash: secret.hash, name: wish.name, role: role, createdBy: actor, createdAt: now,
      expiresAt: now + lifetime)
    try await ledger.record(token, at: now)
    return API.CreatedAccessToken(accessToken: API.AccessToken(token, at: now), accessString: accessString.encode())
  }

  package func withdrawAccessToken(_ id: String) async throws {
    guard let found = try await ledger.accessToken(id) else { throw AdministrationError.noSuch("access token \(id)") }
    guard found.withdrawnAt == nil else { return }
    try await ledger.withdrawAccessToken(id, by: actor, at: clock())
  }
}
