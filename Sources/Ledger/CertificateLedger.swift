package import Credentials
package import Foundation

/// The record of an authority: everything that an implementation stores.
package typealias CertificateLedger = IssuanceLog & RevocationLog & CertificateCatalog & EventLog

/// Writes down what is issued: the serial before the signature, the certificate before it leaves the process.
package protocol IssuanceLog: Sendable {
  /// Takes a serial, and with it what the reservation's admission claims. When it returns, both are on the disk.
  ///
  /// - Throws: ``LedgerError/duplicateSerial(_:)``, ``LedgerError/claimRefused(_:)``, ``LedgerError/unusable(what:)``,
  ///   or a failure of the store.
  func reserve(_ reservation: Reservation, at now: Date) async throws(LedgerError)

  /// Records the certificate of a reserved serial. When it returns, the certificate may be handed out.
  ///
  /// - Parameter certificate: DER.
  /// - Throws: ``LedgerError/notFound(_:)`` without a reservation, ``LedgerError/alreadyIssued(_:)``, or a failure of
  ///   the store.
  func commit(_ serial: SerialNumber, of issuer: IssuerReference, certificate: [UInt8], at now: Date)
    async throws(LedgerError)

  /// Takes many serials at once, for ``record(_:certificate:at:)``. When it returns, they are on the disk.
  ///
  /// - Throws: ``LedgerError/unusable(what:)`` for more than ``SerialSupply/mostInBlock``, or a failure of the store.
  func reserve(_ serials: [SerialNumber], of issuer: IssuerReference, by actor: String, at now: Date)
    async throws(LedgerError)

  /// Records a certificate whose serial this ledger object took with others, and takes what its admission claims. When
  /// it returns, both are on the disk and the certificate may be handed out. When it throws, the certificate must not
  /// leave the process, and its serial is never used again.
  ///
  /// - Throws: ``LedgerError/notFound(_:)`` for a serial that wasn't taken, or was used; and as ``reserve(_:at:)``.
  func record(_ reservation: Reservation, certificate: [UInt8], at now: Date) async throws(LedgerError)
}

/// Writes down what is revoked, and numbers the CRLs.
package protocol RevocationLog: Sendable {
  /// Marks an issued certificate as revoked.
  ///
  /// - Throws: ``LedgerError/notFound(_:)``, ``LedgerError/neverIssued(_:)``, ``LedgerError/alreadyRevoked(_:)``, or a
  ///   failure of the store.
  func revoke(
    _ serial: SerialNumber, of issuer: IssuerReference, reason: RevocationRecord.Reason, by actor: String, at now: Date
  ) async throws(LedgerError)

  /// The revoked certificates of an issuer, by serial. With `expiringAfter`, those that expired earlier are left out.
  func revocations(of issuer: IssuerReference, expiringAfter: Date?) async throws(LedgerError) -> [RevocationRecord]

  /// The revocations written after an event, in order of their events: to follow what is revoked. At most 1,000.
  ///
  /// - Parameter sequence: 0 for the first; else the ``RevocationEvent/sequence`` of the last that is known.
  func revocations(after sequence: Int64, limit: Int) async throws(LedgerError) -> [RevocationEvent]

  /// Takes the next CRL number of an issuer (RFC 5280 §5.2.3), from 1. A number that was taken is never given again.
  func reserveCRLNumber(of issuer: IssuerReference, by actor: String, at now: Date) async throws(LedgerError) -> Int64

  /// Records a signed CRL under the number that was taken for it.
  ///
  /// - Throws: ``LedgerError/notFound(_:)`` without that number, ``LedgerError/alreadyIssued(_:)``.
  func commit(_ crl: IssuedCRL, by actor: String, at now: Date) async throws(LedgerError)
}

/// Finds what was recorded.
package protocol CertificateCatalog: Sendable {
  /// All records under a serial: none, one, or one per issuer.
  func records(of serial: SerialNumber) async throws(LedgerError) -> [CertificateRecord]

  /// A page of certificates by expiry.
  func certificates(_ query: CatalogQuery) async throws(LedgerError) -> CatalogPage

  func summary(_ thresholds: ExpiryThresholds) async throws(LedgerError) -> CatalogSummary
}

/// The chain of events.
package protocol EventLog: Sendable {
  /// Adds an event to the end of the chain. Those of certificates and CRLs come by themselves and are refused here.
  ///
  /// - Throws: ``LedgerError/unusable(what:)`` for one of ``EventKind/rowKinds``, or a failure of the store.
  @discardableResult
  func append(_ entry: EventEntry, at now: Date) async throws(LedgerError) -> Event

  /// The events that follow a sequence number, in order; 0 for the first. At most 1,000.
  func events(after sequence: Int64, limit: Int) async throws(LedgerError) -> [Event]

  /// The end of the chain, or nil when it is empty.
  func checkpoint() async throws(LedgerError) -> Checkpoint?

  /// Compares every event with its hash and predecessor, and every row with what the events say of it. What was cut
  /// from the end is found only against a checkpoint that was kept elsewhere.
  func verify(against checkpoint: Checkpoint?) async throws(LedgerError) -> LedgerReport
}

extension CertificateCatalog {
  /// The record of a certificate, if it is in the ledger byte for byte.
  ///
  /// - Parameter fingerprint: SHA-256 of the certificate's DER.
  package func record(
    of serial: SerialNumber, fingerprint: [UInt8]
  ) async throws(LedgerError) -> CertificateRecord? {
    try await records(of: serial).first { $0.issuance?.fingerprint == fingerprint }
  }

  /// The one record under a serial.
  ///
  /// - Throws: ``LedgerError/notFound(_:)``, ``LedgerError/ambiguousSerial(_:)``, or a failure of the store.
  package func record(of serial: SerialNumber) async throws(LedgerError) -> CertificateRecord {
    let found = try await records(of: serial)
    guard let first = found.first else { throw .notFound("serial \(serial.hex)") }
    guard found.count == 1 else { throw .ambiguousSerial(serial.hex) }
    return first
  }
}

extension EventLog {
  /// The events after a sequence number, and then each new one as it comes. Ends when the task is cancelled.
  package func follow(after sequence: Int64, every interval: Duration) -> AsyncThrowingStream<Event, any Error> {
    AsyncThrowingStream { continuation in
      let task = Task {
        var last = sequence
        do {
          while !Task.isCancelled {
            let page = try await events(after: last, limit: 1000)
            for event in page { continuation.yield(event) }
            last = page.last?.sequence ?? last
            if page.isEmpty { try await Task.sleep(for: interval) }
          }
          continuation.finish()
        } catch is CancellationError {
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}
