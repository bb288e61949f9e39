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
    state, id
    """

  /// Whether a certificate of the same identity that was issued later has replaced `c`, however long that one lives.
  static let isSuperseded = """
    CASE WHEN c.common_name IS NULL THEN EXISTS (SELECT 1 FROM certificates d WHERE d.common_name IS NULL \
    AND d.identity = c.identity AND d.id > c.id AND d.state = 'issued') \
    ELSE EXISTS (SELECT 1 FROM certificates d WHERE d.common_name = c.common_name \
    AND d.organization IS c.organization AND d.id > c.id AND d.identity = c.identity AND d.state = 'issued') END
    """

  /// The serial as the table keeps it: 20 bytes, so that it sorts as a number.
  static func key(_ serial: SerialNumber) -> Data {
    let magnitude = serial.magnitude
    return Data([UInt8](repeating: 0, count: max(0, SerialNumber.longest - magnitude.count)) + magnitude)
  }

  /// Certificates with the same identity replace one another: the first half of a SHA-256 of subject,
  /// names in any order, and profile.
  static func identity(subject: String, names: [String], profile: String) -> Data {
    let text = CanonicalJSON.encode([subject, profile] + names.sorted())
    return Data(SHA256.hash(data: Array(text.utf8)).prefix(16))
  }

  /// - Returns: false when the serial is taken.
  static func insert(_ reservation: Reservation, at now: Date, _ chain: ChainWriter) throws -> Bool {
    try chain.execute(
      """
      INSERT INTO certificates (issuer, ordinal, serial, subject, common_name, organization, names, profile,
        key_algorithm, not_before, not_after, public_key, requested_by, identity, state, reserved_at, request,
        admission, rule, claim, source)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?, ?, ?)
      ON CONFLICT (serial, issuer) DO NOTHING
      """,
      [
        Data(reservation.issuer.keyID), reservation.issuer.ordinal, key(reservation.serial), reservation.subject,
        reservation.commonName, reservation.organization, CanonicalJSON.encode(reservation.names), reservation.profile,
        reservation.keyAlgorithm, reservation.notBefore.unixSeconds, reservation.notAfter.unixSeconds,
        Data(reservation.publicKeyHash), reservation.requestedBy,
        identity(subject: reservation.subject, names: reservation.names, profile: reservation.profile),
        now.unixSeconds, reservation.request.map { Data($0) }, reservation.admission?.kind.rawValue,
        reservation.admission?.rule, reservation.admission?.claim?.text, reservation.admission?.source,
      ]) == 1
  }

  /// - Throws: ``Columns/Unreadable`` for a row that the ledger can't have written.
  static func record(_ row: Columns) throws -> CertificateRecord {
    let reservation = Reservation(
      serial: SerialNumber(bytes: try row.bytes(2)), issuer: try issuer(row), subject: try row.text(3),
      commonName: try row.optional(4, row.text), organization: try row.optional(5, row.text), names: try row.texts(6),
      profile: try row.text(7), keyAlgorithm: try row.text(8), notBefore: try row.time(9), notAfter: try row.time(10),
      publicKeyHash: try row.bytes(11), request: try row.optional(20, row.bytes), requestedBy: try row.text(12),
      admission: try admission(row, 22))
    let found = identity(subject: reservation.subject, names: reservation.names, profile: reservation.profile)
    guard try row.bytes(13) == Array(found) else { throw Columns.Unreadable(reason: "its identity is wrong") }
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
      state: state)
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
