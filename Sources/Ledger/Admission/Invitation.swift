package import Foundation

/// Permission to enrol, a number of times and until a time. The secret is known by its hash only.
package struct Invitation: Sendable, Hashable {
  /// What the certificates of an invitation are bound to.
  package struct Scope: Sendable, Hashable {
    /// The one common name; nil for any that the policy allows.
    package var name: String?
    /// The one organization; nil for any that the policy allows.
    package var organization: String?
    /// DNS names, or suffixes that begin with a dot. Empty: the name itself, or what the policy allows.
    package var dns: [String]

    package init(name: String? = nil, organization: String? = nil, dns: [String] = []) {
      self.name = name
      self.organization = organization
      self.dns = dns
    }
  }

  /// Looks it up; no secret. 16 lower-case hexadecimal digits.
  package var id: String
  /// SHA-256 of the secret.
  package var secretHash: [UInt8]
  package var scope: Scope
  package var uses: Int
  package var used: Int
  package var createdBy: String
  package var createdAt: Date
  package var expiresAt: Date
  package var withdrawnAt: Date?

  package init(
    id: String, secretHash: [UInt8], scope: Scope, uses: Int, used: Int = 0, createdBy: String, createdAt: Date,
    expiresAt: Date, withdrawnAt: Date? = nil
  ) {
    self.id = id
    self.secretHash = secretHash
    self.scope = scope
    self.uses = uses
    self.used = used
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.withdrawnAt = withdrawnAt
  }
}

/// A token for the administration interface. The secret is known by its hash only.
package struct AccessToken: Sendable, Hashable {
  package enum Role: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Reads everything but secrets.
    case reader
    /// Also invites, approves, denies and revokes.
    case `operator`
    /// Also makes and withdraws tokens.
    case administrator

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .reader: 0
      case .operator: 1
      case .administrator: 2
      }
    }
  }

  /// As ``Invitation/id``.
  package var id: String
  package var secretHash: [UInt8]
  /// Whom events name as the actor.
  package var name: String
  package var role: Role
  package var createdBy: String
  package var createdAt: Date
  package var expiresAt: Date
  package var withdrawnAt: Date?

  package init(
    id: String, secretHash: [UInt8], name: String, role: Role, createdBy: String, createdAt: Date, expiresAt: Date,
    withdrawnAt: Date? = nil
  ) {
    self.id = id
    self.secretHash = secretHash
    self.name = name
    self.role = role
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.withdrawnAt = withdrawnAt
  }
}
