package import Credentials
package import Foundation

/// What the ledger knows of a node: all certificates with the same common name and organization.
package struct NodeRecord: Sendable, Hashable {
  /// What a node is known by.
  package struct Key: Sendable, Hashable {
    package var name: String
    package var organization: String?

    package init(name: String, organization: String? = nil) {
      self.name = name
      self.organization = organization
    }
  }

  package var key: Key
  /// How its newest certificate was let in; nil for one of the desk.
  package var admission: AdmissionKind?
  package var rule: String?
  package var firstIssuedAt: Date
  /// Its newest certificate.
  package var latest: CatalogEntry
  /// How many certificates it ever had.
  package var certificates: Int
  /// When it last proved itself with a certificate, and with which.
  package var lastSeen: Sighting?
  /// An operator shut it out: nothing is issued to it any more.
  package var revokedAt: Date?

  package init(
    key: Key, admission: AdmissionKind?, rule: String?, firstIssuedAt: Date, latest: CatalogEntry, certificates: Int,
    lastSeen: Sighting? = nil, revokedAt: Date? = nil
  ) {
    self.key = key
    self.admission = admission
    self.rule = rule
    self.firstIssuedAt = firstIssuedAt
    self.latest = latest
    self.certificates = certificates
    self.lastSeen = lastSeen
    self.revokedAt = revokedAt
  }

  package struct Sighting: Sendable, Hashable {
    package var serial: SerialNumber
    package var at: Date
    package var source: String

    package init(serial: SerialNumber, at: Date, source: String) {
      self.serial = serial
      self.at = at
      self.source = source
    }
  }
}

/// A page of nodes by name.
package struct NodePage: Sendable, Hashable {
  package var nodes: [NodeRecord]
  /// Go on after this one; nil when this was the last page.
  package var next: NodeRecord.Key?

  package init(nodes: [NodeRecord], next: NodeRecord.Key?) {
    self.nodes = nodes
    self.next = next
  }
}

/// An orchestrator that works, or worked, with this ledger.
package struct ServiceRecord: Sendable, Hashable {
  /// Where nodes reach it: `https://HOST:PORT`.
  package var url: String
  /// SHA-256 of the root's DER.
  package var rootHash: [UInt8]
  package var startedAt: Date

  package init(url: String, rootHash: [UInt8], startedAt: Date) {
    self.url = url
    self.rootHash = rootHash
    self.startedAt = startedAt
  }
}
