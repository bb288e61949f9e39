import Credentials
package import Ledger

extension API {
  package struct Node: Codable, Sendable, Hashable {
    package enum State: String, Codable, Sendable, Hashable { case admitted, shutOut }

    package struct Sighting: Codable, Sendable, Hashable {
      package var serial: String
      package var at: String
      package var source: String
    }

    package var name: String
    package var organization: String?
    package var state: State
    /// How its newest certificate was let in; absent for one of the desk.
    package var admission: String?
    package var rule: String?
    package var firstIssuedAt: String
    package var certificateCount: Int
    package var latest: Certificate
    package var lastSeen: Sighting?
    package var shutOutAt: String?
  }

  package struct NodeList: Codable, Sendable, Hashable {
    package var nodes: [Node]
    /// Absent on the last page.
    package var next: String?
  }

  /// A node and its newest certificates.
  package struct NodeDetail: Codable, Sendable, Hashable {
    package var node: Node
    package var certificates: [Certificate]
  }

  package struct NodeRevocation: APIInput, Hashable {
    package var organization: String?
    package var reason: String?

    package init(organization: String? = nil, reason: String? = nil) {
      self.organization = organization
      self.reason = reason
    }

    package static let fields: Set = ["organization", "reason"]
  }

  package struct Readmission: APIInput, Hashable {
    package var organization: String?

    package init(organization: String? = nil) { self.organization = organization }

    package static let fields: Set = ["organization"]
  }

  /// What shutting a node out, or letting it in again, did.
  package struct NodeDecision: Codable, Sendable, Hashable {
    package var name: String
    package var organization: String?
    package var state: Node.State
    /// The serials that were revoked by this.
    package var revoked: [String]
  }
}

extension API.Node {
  package init(_ record: NodeRecord) {
    name = record.key.name
    organization = record.key.organization
    state = record.revokedAt == nil ? .admitted : .shutOut
    admission = record.admission?.rawValue
    rule = record.rule
    firstIssuedAt = rfc3339(record.firstIssuedAt)
    certificateCount = record.certificates
    latest = API.Certificate(record.latest)
    lastSeen = record.lastSeen.map { Sighting(serial: $0.serial.hex, at: rfc3339($0.at), source: $0.source) }
    shutOutAt = record.revokedAt.map(rfc3339)
  }
}
