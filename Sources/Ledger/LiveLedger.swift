package import Credentials
package import Foundation

/// What the orchestrator needs of the record, beyond what the desk does.
package typealias LiveLedger = CertificateLedger & InvitationLog & AccessLog & RequestQueue & NodeCatalog & LedgerHealth

/// Whether the record can be kept now.
package protocol LedgerHealth: Sendable {
  /// Writes something that changes nothing of the record: it takes the lock, the log and the space that issuing needs.
  ///
  /// - Throws: what issuing would fail with.
  func checkWritable() async throws(LedgerError)
}

/// Invitations, by the hash of their secret. A use is taken by ``IssuanceLog/reserve(_:at:)``.
package protocol InvitationLog: Sendable {
  /// - Throws: ``LedgerError/unusable(what:)`` for an ID that is taken, or a failure of the store.
  func record(_ invitation: Invitation, at now: Date) async throws(LedgerError)

  func invitation(_ id: String) async throws(LedgerError) -> Invitation?

  /// The newest first, at most `limit`, those that can still be used when `usableAt` is given.
  func invitations(usableAt: Date?, limit: Int) async throws(LedgerError) -> [Invitation]

  /// - Throws: ``LedgerError/notFound(_:)``.
  func withdrawInvitation(_ id: String, by actor: String, at now: Date) async throws(LedgerError)
}

/// Tokens for the administration interface.
package protocol AccessLog: Sendable {
  func record(_ token: AccessToken, at now: Date) async throws(LedgerError)
  func accessToken(_ id: String) async throws(LedgerError) -> AccessToken?
  func accessTokens() async throws(LedgerError) -> [AccessToken]
  /// - Throws: ``LedgerError/notFound(_:)``.
  func withdrawAccessToken(_ id: String, by actor: String, at now: Date) async throws(LedgerError)
}

/// Requests that wait for an operator.
package protocol RequestQueue: Sendable {
  /// Puts a request into the queue. One that is there already (the same ID, not expired) is returned as it stands.
  ///
  /// - Parameter mostWaiting: how many may wait at once.
  /// - Throws: ``LedgerError/queueFull(_:)``.
  func submit(_ request: PendingRequest, mostWaiting: Int, at now: Date) async throws(LedgerError) -> PendingRequest

  func pendingRequest(_ id: String) async throws(LedgerError) -> PendingRequest?

  /// Those in a state that have not expired, oldest first; of one name when it is given.
  func pendingRequests(_ state: PendingRequest.State, name: String?, at now: Date) async throws(LedgerError)
    -> [PendingRequest]

  /// - Throws: ``LedgerError/notFound(_:)`` for one that doesn't wait any more.
  func decide(_ id: String, approve: Bool, by actor: String, at now: Date) async throws(LedgerError)

  /// Writes down that an operator gave a wrong pairing code, and denies the request at the last try.
  ///
  /// - Returns: how many tries are left.
  /// - Throws: ``LedgerError/notFound(_:)`` for one that doesn't wait any more.
  func refuseCode(of id: String, by actor: String, mostTries: Int, at now: Date) async throws(LedgerError) -> Int
}

/// What is known of nodes.
package protocol NodeCatalog: Sendable {
  /// By name, then organization. At most 1,000.
  func nodes(after key: NodeRecord.Key?, limit: Int) async throws(LedgerError) -> NodePage

  /// All nodes of that name: one for each organization.
  func nodes(named name: String) async throws(LedgerError) -> [NodeRecord]

  /// The certificates of a node, the newest first, at most `limit`.
  func certificates(of node: NodeRecord.Key, limit: Int) async throws(LedgerError) -> [CatalogEntry]

  /// Writes down which nodes proved themselves when. Not an event. Once a certificate was seen, no sighting of an older
  /// one of its node replaces that: it would hide that the older one was replaced, and is perhaps a copy.
  func saw(_ sightings: [NodeRecord.Key: NodeRecord.Sighting]) async throws(LedgerError)

  /// Revokes every certificate of a node that is valid, and shuts it out: nothing is issued to it any more. With
  /// `isShutOut` false an earlier shutting out is ended; what is revoked stays revoked.
  ///
  /// - Returns: the serials that were revoked by this.
  /// - Throws: ``LedgerError/notFound(_:)`` for a node that never had a certificate.
  func shutOut(
    _ node: NodeRecord.Key, isShutOut: Bool, reason: RevocationRecord.Reason, by actor: String, at now: Date
  ) async throws(LedgerError) -> [SerialNumber]

  func announce(_ service: ServiceRecord) async throws(LedgerError)

  /// The orchestrators of this ledger, the one that started last first.
  func services() async throws(LedgerError) -> [ServiceRecord]
}
