/// What happened. A later version of the program may know more kinds than these.
package struct EventKind: RawRepresentable, Sendable, Hashable {
  package var rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }

  package static let authorityCreated = EventKind(rawValue: "authority.created")
  package static let authorityImported = EventKind(rawValue: "authority.imported")
  package static let intermediateIssued = EventKind(rawValue: "authority.intermediate")
  package static let authorityBackedUp = EventKind(rawValue: "authority.backedUp")
  package static let authorityRestored = EventKind(rawValue: "authority.restored")
  package static let serialsReserved = EventKind(rawValue: "serials.reserved")
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
    .serialsReserved, .certificateReserved, .certificateIssued, .certificateRevoked, .crlReserved, .crlIssued,
    .invitationCreated, .invitationWithdrawn, .accessTokenCreated, .accessTokenWithdrawn, .requestSubmitted,
    .requestApproved,
    .requestDenied, .nodeShutOut, .nodeReadmitted,
  ]
}

/// What a live service writes down. That a request was admitted stands in its ``certificateReserved``, with the rule.
extension EventKind {
  /// A request for a certificate, or for anything else that needs admission, was refused.
  package static let requestRefused = EventKind(rawValue: "request.refused")
  /// A request waits for an operator.
  package static let requestSubmitted = EventKind(rawValue: "request.submitted")
  package static let requestApproved = EventKind(rawValue: "request.approved")
  package static let requestDenied = EventKind(rawValue: "request.denied")
  /// An operator gave another pairing code than the request has.
  package static let pairingCodeRefused = EventKind(rawValue: "request.codeRefused")
  package static let invitationCreated = EventKind(rawValue: "invitation.created")
  package static let invitationWithdrawn = EventKind(rawValue: "invitation.withdrawn")
  package static let accessTokenCreated = EventKind(rawValue: "accessToken.created")
  package static let accessTokenWithdrawn = EventKind(rawValue: "accessToken.withdrawn")
  package static let nodeShutOut = EventKind(rawValue: "node.shutOut")
  package static let nodeReadmitted = EventKind(rawValue: "node.readmitted")
  /// A certificate that a newer one had replaced was used: perhaps a node was copied.
  package static let supersededUsed = EventKind(rawValue: "alarm.superseded")
  /// Requests over a limit, many in one event.
  package static let limitExceeded = EventKind(rawValue: "limit.exceeded")
  package static let serviceStarted = EventKind(rawValue: "service.started")
  package static let serviceStopped = EventKind(rawValue: "service.stopped")
  package static let serviceReloaded = EventKind(rawValue: "service.reloaded")
  package static let configurationRefused = EventKind(rawValue: "configuration.refused")
  package static let checkpointSigned = EventKind(rawValue: "checkpoint.signed")
  package static let crlPublished = EventKind(rawValue: "crl.published")
}
