import Credentials
import Crypto
import Foundation
import GRDB
import Ledger
import X509

/// The table of certificates: its columns and the values they stand for.
enum CertificateRows {
  /// In the order in which ``record(_:)`` reads them.
  static let columns = """
    issuer, ordinal, serial, subject, common_name, organization, names, profile, key_algorithm, not_before, not_after, \
    public_key, requested_by, identity, state, reserved_at, issued_at, revoked_at, reason, fingerprint, request, \
    certificate, admission, rule, claim, source
    """

  /// As a list shows it: the columns up to the state, without the rest.
  static let entryColumns = """
    issuer, ordinal, serial, subject, common_name, organization, names, profile, key_algorithm, not_before, not_after, \
    state, id, admission IS 'service'
    """

  /// Whether a certificate of the same identity that was issued later has replaced `c`, however long that one lives.
  static let isSuperseded = """
    CASE WHEN c.common_name IS NULL THEN EXISTS (SELECT 1 FROM certificates d WHERE d.common_name IS NULL \
    AND d.identity = c.identity AND d.id > c.id AND d.state = 'issued') \
    ELSE EXISTS (SELECT 1 FROM certificates d WHERE d.common_name = c.common_name \
    AND d.organization IS c.organization AND d.id > c.id AND d.identity = c.identity AND d.state = 'issued') END
    """

  /// The serial as the table keeps it: 20 bytes, so that it sorts as a number.
  static func keyBytes(_ serial: SerialNumber) -> [UInt8] {
    let magnitude = serial.magnitude
    guard magnitude.count < SerialNumber.longest else { return magnitude }
    return [UInt8](repeating: 0, count: SerialNumber.longest - magnitude.count) + magnitude
  }

  static func key(_ serial: SerialNumber) -> Data { Data(keyBytes(serial)) }

  /// Certificates with the same identity replace one another: the first half of a SHA-256 of subject,
  /// names in any order, and profile.
  static func identityBytes(subject: String, names: [String], profile: String) -> [UInt8] {
    let text = CanonicalJSON.encode([subject, profile] + names.sorted())
    return Array(SHA256.hash(data: Array(text.utf8)).prefix(16))
  }

  /// What of a reservation is worked out before the transaction.
  struct Prepared: Sendable {
    var reservation: Reservation
    var serial: [UInt8]
    var names: String
    var identity: [UInt8]
    var claim: String?
    /// With its fingerprint, where it is written in one with the reservation.
    var certificate: [UInt8]?
    var fingerprint: [UInt8]?
    var event: EncodedEntry

    init(_ reservation: Reservation, certificate: [UInt8]? = nil) {
      self.reservation = reservation
      self.certificate = certificate
      fingerprint = certificate.map(ledgerFingerprint)
      serial = keyBytes(reservation.serial)
      names = CanonicalJSON.encode(reservation.names)
      identity = identityBytes(
        subject: reservation.subject, names: reservation.names, profile: reservation.profile)
      claim = reservation.admission?.claim?.text
      event =
        fingerprint.map { LedgerEvents.recorded(reservation, fingerprint: $0) } ?? LedgerEvents.reserved(reservation)
    }
  }

  /// - Returns: false when the serial is taken.
  static func insert(_ prepared: Prepared, at now: Date, _ chain: ChainWriter) throws -> Bool {
    let reservation = prepared.reservation
    let statement = try chain.direct(.reserve)
    statement.bind(1, reservation.issuer.keyID)
    statement.bind(2, Int64(reservation.issuer.ordinal))
    statement.bind(3, prepared.serial)
    statement.bind(4, reservation.subject)
    statement.bind(5, reservation.commonName)
    statement.bind(6, reservation.organization)
    statement.bind(7, prepared.names)
    statement.bind(8, reservation.profile)
    statement.bind(9, reservation.keyAlgorithm)
    statement.bind(10, reservation.notBefore.unixSeconds)
    statement.bind(11, reservation.notAfter.unixSeconds)
    statement.bind(12, reservation.publicKeyHash)
    statement.bind(13, reservation.requestedBy)
    statement.bind(14, prepared.identity)
    statement.bind(15, now.unixSeconds)
    statement.bind(16, reservation.request)
    statement.bind(17, reservation.admission?.kind.rawValue)
    statement.bind(18, reservation.admission?.rule)
    statement.bind(19, prepared.claim)
    statement.bind(20, reservation.admission?.source)
    if let certificate = prepared.certificate {
      statement.bind(21, CertificateState.issued.rawValue)
      statement.bind(22, now.unixSeconds)
      statement.bind(23, prepared.fingerprint)
      statement.bind(24, certificate)
    } else {
      statement.bind(21, CertificateState.reserved.rawValue)
      statement.bind(22, nil as [UInt8]?)
      statement.bind(23, nil as [UInt8]?)
      statement.bind(24, nil as [UInt8]?)
    }
    return try chain.run(statement) == 1
  }

  /// - Throws: ``Columns/Unreadable`` for a row that the ledger can't have written.
  static func record(_ row: Columns) throws -> CertificateRecord {
    let reservation = Reservation(
      serial: SerialNumber(bytes: try row.bytes(2)), issuer: try issuer(row), subject: try row.text(3),
      commonName: try row.optional(4, row.text), organization: try row.optional(5, row.text), names: try row.texts(6),
      profile: try row.text(7), keyAlgorithm: try row.text(8), notBefore: try row.time(9), notAfter: try row.time(10),
      publicKeyHash: try row.bytes(11), request: try row.optional(20, row.bytes), requestedBy: try row.text(12),
      admission: try admission(row, 22))
    let found = identityBytes(subject: reservation.subject, names: reservation.names, profile: reservation.profile)
    guard try row.bytes(13) == found else { throw Columns.Unreadable(reason: "its identity is wrong") }
    var record = CertificateRecord(reservation: reservation, reservedAt: try row.time(15))
    if let certificate = try row.optional(21, row.bytes) {
      record.issuance = .init(certificate: certificate, fingerprint: try row.bytes(19), at: try row.time(16))
    } else if try row.optional(19, row.bytes) != nil || row.optional(16, row.time) != nil {
      throw Columns.Unreadable(reason: "the certificate is absent")
    }
    if let reason = try row.optional(18, row.text) {
      guard let known = RevocationRecord.Reason(rawValue: reason) else {
        throw Columns.Unreadable(reason: "its reason of revocation is unknown")
      }
      record.revocation = .init(reason: known, at: try row.time(17))
    } else if try row.optional(17, row.time) != nil {
      throw Columns.Unreadable(reason: "the reason of revocation is absent")
    }
    guard try row.text(14) == record.state.rawValue else { throw Columns.Unreadable(reason: "its state is wrong") }
    return record
  }

  static func entry(_ row: Columns) throws -> CatalogEntry {
    guard let state = CertificateState(rawValue: try row.text(11)) else {
      throw Columns.Unreadable(reason: "its state is unknown")
    }
    return CatalogEntry(
      serial: SerialNumber(bytes: try row.bytes(2)), issuer: try issuer(row), subject: try row.text(3),
      commonName: try row.optional(4, row.text), organization: try row.optional(5, row.text), names: try row.texts(6),
      profile: try row.text(7), keyAlgorithm: try row.text(8), notBefore: try row.time(9), notAfter: try row.time(10),
      state: state, renewsItself: try row.integer(13) != 0)
  }

  /// - Parameter first: the column of the kind; rule, claim and source follow it.
  static func admission(_ row: Columns, _ first: Int) throws -> Admission? {
    guard let text = try row.optional(first, row.text) else {
      guard try (1...3).allSatisfy({ try row.optional(first + $0, row.text) == nil }) else {
        throw Columns.Unreadable(reason: "its kind of admission is absent")
      }
      return nil
    }
    guard let kind = AdmissionKind(rawValue: text) else {
      throw Columns.Unreadable(reason: "its kind of admission is unknown")
    }
    let claim = try row.optional(first + 2, row.text).map { text in
      guard let claim = Admission.Claim(text: text) else { throw Columns.Unreadable(reason: "its claim is unreadable") }
      return claim
    }
    return Admission(
      kind: kind, rule: try row.text(first + 1), claim: claim, source: try row.optional(first + 3, row.text))
  }

  private static func issuer(_ row: Columns) throws -> IssuerReference {
    IssuerReference(keyID: try row.bytes(0), ordinal: Int(truncatingIfNeeded: try row.integer(1)))
  }
}
