package import Credentials
package import Foundation
import GRDB
package import Ledger
import X509

extension SQLiteLedger: IssuanceLog {
  package func reserve(_ reservation: Reservation, at now: Date) async throws(LedgerError) {
    try reservation.check()
    let prepared = CertificateRows.Prepared(reservation)
    let row = try await write { chain in
      try Claims.check(prepared.reservation, at: now, chain)
      guard try CertificateRows.insert(prepared, at: now, chain) else {
        throw LedgerError.duplicateSerial(prepared.reservation.serial.hex)
      }
      let row = chain.db.lastInsertedRowID
      try Claims.take(prepared.reservation, row: row, chain)
      try chain.append(prepared.event, at: now)
      return row
    }
    reserved.insert(
      .init(row: row, issuer: reservation.issuer.keyID, requestedBy: reservation.requestedBy), for: reservation.serial)
  }

  package func commit(
    _ serial: SerialNumber, of issuer: IssuerReference, certificate: [UInt8], at now: Date
  ) async throws(LedgerError) {
    guard certificate.count <= Reservation.mostBytes else { throw .unusable(what: "a certificate of more than 1 MB") }
    let fingerprint = ledgerFingerprint(certificate)
    let hint = reserved.remove(serial, of: issuer)
    let text = serial.hex
    try await write { chain in
      let place =
        try hint
        ?? CertificateRows.find(serial, of: issuer, chain).map {
          ReservedRows.Place(row: $0.id, issuer: issuer.keyID, requestedBy: $0.requestedBy)
        }
      guard let place else { throw LedgerError.notFound("serial \(text)") }
      let statement = try chain.direct(.issue)
      statement.bind(1, now.unixSeconds)
      statement.bind(2, fingerprint)
      statement.bind(3, certificate)
      statement.bind(4, place.row)
      guard try chain.run(statement) == 1 else { throw LedgerError.alreadyIssued(text) }
      try chain.append(
        LedgerEvents.issued(text, of: issuer.keyID, fingerprint: fingerprint, by: place.requestedBy), at: now)
    }
  }
}

extension SQLiteLedger {
  package func reserve(
    _ serials: [SerialNumber], of issuer: IssuerReference, by actor: String, at now: Date
  ) async throws(LedgerError) {
    try EventEntry.check([actor])
    guard serials.count <= SerialSupply.mostInBlock, Set(serials).count == serials.count,
      serials.allSatisfy({ $0.magnitude.count <= SerialNumber.longest })
    else { throw .unusable(what: "serials that are too many, too long or the same") }
    try await write { chain in
      for serial in serials where try CertificateRows.find(serial, of: issuer, chain) != nil {
        throw LedgerError.duplicateSerial(serial.hex)
      }
      try chain.append(LedgerEvents.reserved(serials, of: issuer.keyID, by: actor), at: now)
    }
    reserved.insert(serials, of: issuer)
  }

  package func record(_ reservation: Reservation, certificate: [UInt8], at now: Date) async throws(LedgerError) {
    try reservation.check()
    guard certificate.count <= Reservation.mostBytes else { throw .unusable(what: "a certificate of more than 1 MB") }
    guard reserved.use(reservation.serial, of: reservation.issuer) else {
      throw .notFound("serial \(reservation.serial.hex)")
    }
    let prepared = CertificateRows.Prepared(reservation, certificate: certificate)
    try await write { chain in
      try Claims.check(prepared.reservation, at: now, chain)
      guard try CertificateRows.insert(prepared, at: now, chain) else {
        throw LedgerError.duplicateSerial(prepared.reservation.serial.hex)
      }
      try Claims.take(prepared.reservation, row: chain.db.lastInsertedRowID, chain)
      try chain.append(prepared.event, at: now)
    }
  }
}

extension SQLiteLedger: RevocationLog {
  package func revoke(
    _ serial: SerialNumber, of issuer: IssuerReference, reason: RevocationRecord.Reason, by actor: String, at now: Date
  ) async throws(LedgerError) {
    try EventEntry.check([actor])
    try await write { chain in
      guard let row = try CertificateRows.find(serial, of: issuer, chain) else {
        throw LedgerError.notFound("serial \(serial.hex)")
      }
      switch row.state {
      case .reserved: throw LedgerError.neverIssued(serial.hex)
      case .revoked: throw LedgerError.alreadyRevoked(serial.hex)
      case .issued: break
      }
      try CertificateRows.revoke(
        serial, row: row.id, issuer: issuer.keyID, reason: reason, by: actor, at: now, chain)
    }
  }

  package func revocations(
    of issuer: IssuerReference, expiringAfter: Date?
  ) async throws(LedgerError) -> [RevocationRecord] {
    let path = path
    return try await read { db in
      let cursor = try Row.fetchCursor(
        db,
        sql: """
          SELECT serial, reason, revoked_at, not_after FROM certificates
          WHERE state = 'revoked' AND not_after > ? AND issuer = ? ORDER BY serial
          """,
        arguments: [expiringAfter?.unixSeconds ?? Int64.min, Data(issuer.keyID)])
      var found: [RevocationRecord] = []
      while let row = try cursor.next().map(Columns.init) {
        guard let reason = RevocationRecord.Reason(rawValue: try row.text(1)) else {
          throw LedgerError.corrupt(path: path, detail: "an unknown reason of revocation")
        }
        found.append(
          RevocationRecord(
            serial: SerialNumber(bytes: try row.bytes(0)), reason: reason, revokedAt: try row.time(2),
            notAfter: try row.time(3)))
      }
      return found
    }
  }

  package func revocations(after sequence: Int64, limit: Int) async throws(LedgerError) -> [RevocationEvent] {
    let path = path
    return try await read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(EventRows.columns) FROM events INDEXED BY events_revoked
          WHERE kind = 'certificate.revoked' AND sequence > ? ORDER BY sequence LIMIT ?
          """)
      return try Row.fetchAll(statement, arguments: [sequence, max(1, min(limit, 1000))]).map { row in
        let event = try EventRows.event(Columns(row))
        let details = event.details
        guard let reason = RevocationRecord.Reason(rawValue: details["reason"] ?? ""),
          let issuer = Hexadecimal.decode(details["issuer"] ?? "")
        else { throw LedgerError.corrupt(path: path, detail: "event \(event.sequence) can't be read") }
        return RevocationEvent(
          sequence: event.sequence, serial: try SerialNumber.parse(event.subject), issuerKeyID: issuer, reason: reason,
          revokedAt: event.time)
      }
    }
  }

  package func reserveCRLNumber(
    of issuer: IssuerReference, by actor: String, at now: Date
  ) async throws(LedgerError) -> Int64 {
    try EventEntry.check([actor])
    let path = path
    return try await write { chain in
      let last = try chain.first("SELECT coalesce(max(number), 0) FROM crls WHERE issuer = ?", [Data(issuer.keyID)])
      let (number, overflow) = (try last?.integer(0) ?? 0).addingReportingOverflow(1)
      guard !overflow else { throw LedgerError.corrupt(path: path, detail: "a CRL number out of range") }
      try chain.execute(
        "INSERT INTO crls (issuer, number, ordinal) VALUES (?, ?, ?)", [Data(issuer.keyID), number, issuer.ordinal])
      try chain.append(LedgerEvents.crlReserved(number, of: issuer.keyID, by: actor), at: now)
      return number
    }
  }

  package func commit(_ crl: IssuedCRL, by actor: String, at now: Date) async throws(LedgerError) {
    try EventEntry.check([actor])
    try await write { chain in
      let issuer = Data(crl.issuer.keyID)
      guard
        let row = try chain.first(
          "SELECT fingerprint FROM crls WHERE issuer = ? AND number = ?", [issuer, crl.number])
      else { throw LedgerError.notFound("CRL number \(crl.number)") }
      guard try row.optional(0, row.bytes) == nil else {
        throw LedgerError.alreadyIssued("of CRL \(crl.number)")
      }
      try chain.execute(
        "UPDATE crls SET this_update = ?, next_update = ?, fingerprint = ? WHERE issuer = ? AND number = ?",
        [crl.thisUpdate.unixSeconds, crl.nextUpdate.unixSeconds, Data(crl.fingerprint), issuer, crl.number])
      try chain.append(LedgerEvents.crlIssued(crl, by: actor), at: now)
    }
  }
}

extension CertificateRows {
  static func revoke(
    _ serial: SerialNumber, row: Int64, issuer: [UInt8], reason: RevocationRecord.Reason, by actor: String,
    at now: Date, _ chain: ChainWriter
  ) throws {
    try chain.execute(
      "UPDATE certificates SET state = 'revoked', revoked_at = ?, reason = ? WHERE id = ?",
      [now.unixSeconds, reason.rawValue, row])
    try chain.append(LedgerEvents.revoked(serial, of: issuer, reason: reason, by: actor), at: now)
  }

  /// What a change of state needs to know of a row.
  struct Found {
    var id: Int64
    var state: CertificateState
    var requestedBy: String
  }

  static func find(_ serial: SerialNumber, of issuer: IssuerReference, _ chain: ChainWriter) throws -> Found? {
    let row = try chain.first(
      "SELECT id, state, requested_by FROM certificates WHERE serial = ? AND issuer = ?",
      [key(serial), Data(issuer.keyID)])
    guard let row else { return nil }
    guard let state = CertificateState(rawValue: try row.text(1)) else {
      throw Columns.Unreadable(reason: "the state of certificate \(serial.hex) is unknown")
    }
    return Found(id: try row.integer(0), state: state, requestedBy: try row.text(2))
  }
}
