import Credentials
package import Foundation
package import Ledger

extension API {
  package struct Invitation: Codable, Sendable, Hashable {
    package enum State: String, Codable, Sendable, Hashable { case usable, spent, expired, withdrawn }

    package var id: String
    package var state: State
    package var name: String?
    package var organization: String?
    package var dns: [String]
    package var uses: Int
    package var used: Int
    package var createdBy: String
    package var createdAt: String
    package var expiresAt: String
    package var withdrawnAt: String?
  }

  package struct InvitationList: Codable, Sendable, Hashable {
    package var invitations: [Invitation]
  }

  package struct NewInvitation: APIInput, Hashable {
    package var name: String?
    package var organization: String?
    package var dns: [String]?
    package var uses: Int?
    package var lifetimeSeconds: Int?

    package init(
      name: String? = nil, organization: String? = nil, dns: [String]? = nil, uses: Int? = nil,
      lifetimeSeconds: Int? = nil
    ) {
      self.name = name
      self.organization = organization
      self.dns = dns
      self.uses = uses
      self.lifetimeSeconds = lifetimeSeconds
    }

    package static let fields: Set = ["name", "organization", "dns", "uses", "lifetimeSeconds"]
  }

  /// An invitation and, this once, its secret.
  package struct CreatedInvitation: Codable, Sendable {
    package var invitation: Invitation
    package var joinString: String
  }
}

extension API.Invitation {
  package init(_ invitation: Ledger.Invitation, at now: Date) {
    id = invitation.id
    name = invitation.scope.name
    organization = invitation.scope.organization
    dns = invitation.scope.dns
    uses = invitation.uses
    used = invitation.used
    createdBy = invitation.createdBy
    createdAt = rfc3339(invitation.createdAt)
    expiresAt = rfc3339(invitation.expiresAt)
    withdrawnAt = invitation.withdrawnAt.map(rfc3339)
    state =
      if invitation.withdrawnAt != nil {
        .withdrawn
      } else if invitation.used >= invitation.uses {
        .spent
      } else {
        invitation.expiresAt <= now ? .expired : .usable
      }
  }
}
