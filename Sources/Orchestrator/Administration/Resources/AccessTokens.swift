import Credentials
package import Foundation
package import Ledger

extension API {
  package struct AccessToken: Codable, Sendable, Hashable {
    package enum State: String, Codable, Sendable, Hashable { case usable, expired, withdrawn }

    package var id: String
    package var state: State
    package var name: String
    package var role: String
    package var createdBy: String
    package var createdAt: String
    package var expiresAt: String
    package var withdrawnAt: String?
  }

  package struct AccessTokenList: Codable, Sendable, Hashable {
    package var accessTokens: [AccessToken]
  }

  package struct NewAccessToken: APIInput, Hashable {
    package var name: String
    package var role: String
    package var lifetimeSeconds: Int?

    package init(name: String, role: String, lifetimeSeconds: Int? = nil) {
      self.name = name
      self.role = role
      self.lifetimeSeconds = lifetimeSeconds
    }

    package static let fields: Set = ["name", "role", "lifetimeSeconds"]
  }

  /// A token and, this once, the line of an access file that holds its secret.
  package struct CreatedAccessToken: Codable, Sendable {
    package var accessToken: AccessToken
    package var accessString: String
  }
}

extension API.AccessToken {
  package init(_ token: Ledger.AccessToken, at now: Date) {
    id = token.id
    name = token.name
    role = token.role.rawValue
    createdBy = token.createdBy
    createdAt = rfc3339(token.createdAt)
    expiresAt = rfc3339(token.expiresAt)
    withdrawnAt = token.withdrawnAt.map(rfc3339)
    state = token.withdrawnAt != nil ? .withdrawn : token.expiresAt <= now ? .expired : .usable
  }
}
