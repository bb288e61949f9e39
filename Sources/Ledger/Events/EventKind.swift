/// What happened. A later version of the program may know more kinds than these.
package struct EventKind: RawRepresentable, Sendable, Hashable {
  package var rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }

  package static let authorityCreated = EventKind(rawValue: "authority.created")
  package static let authorityImported = EventKind(rawValue: "authority.imported")
  package static let intermediateIssued = EventKind(rawValue: "authority.intermediate")
  package static let authorityBackedUp = EventKind(rawValue: "authority.backedUp")
  package static let authorityRestored = EventKind(rawValue: "authority.restored")
  package static let certificateReserved = EventKind(rawValue: "certificate.reserved")
  package static let certificateIssued = EventKind(rawValue: "certificate.issued")
  package static let certificateRevoked = EventKind(rawValue: "certificate.revoked")
  package static let crlReserved = EventKind(rawValue: "crl.reserved")
  package static let crlIssued = EventKind(rawValue: "crl.issued")
  package static let trustAdded = EventKind(rawValue: "trust.added")
  package static let trustRemoved = EventKind(rawValue: "trust.removed")
  package static let ledgerRestored = EventKind(rawValue: "ledger.restored")

  /// The kinds that stand for a row of the ledger: only the ledger itself writes them.
  package static let rowKinds: Set<EventKind> = [
    .certificateReserved, .certificateIssued, .certificateRevoked, .crlReserved, .crlIssued,
  ]
}
