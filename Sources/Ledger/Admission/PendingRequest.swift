package import Foundation

/// A request that waits for an operator, or that one decided on.
package struct PendingRequest: Sendable, Hashable {
  package enum State: String, Sendable, Hashable, CaseIterable {
    case waiting
    case approved
    case denied
    /// Its certificate was issued.
    case issued
  }

  /// The first 16 hexadecimal digits of the SHA-256 of the request's DER.
  package var id: String
  package var name: String
  package var organization: String?
  /// The names that its certificate would have, as text.
  package var names: [String]
  /// DER.
  package var request: [UInt8]
  /// What both sides show: see `PairingCode`.
  package var pairingCode: String
  /// The address that asked.
  package var source: String
  package var state: State
  package var createdAt: Date
  /// After this it counts as gone unless it was issued.
  package var expiresAt: Date
  package var decidedBy: String?
  package var decidedAt: Date?

  package init(
    id: String, name: String, organization: String?, names: [String], request: [UInt8], pairingCode: String,
    source: String, state: State = .waiting, createdAt: Date, expiresAt: Date, decidedBy: String? = nil,
    decidedAt: Date? = nil
  ) {
    self.id = id
    self.name = name
    self.organization = organization
    self.names = names
    self.request = request
    self.pairingCode = pairingCode
    self.source = source
    self.state = state
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.decidedBy = decidedBy
    self.decidedAt = decidedAt
  }
}
