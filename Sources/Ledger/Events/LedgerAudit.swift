import Credentials
package import Foundation

/// Compares a ledger with its own chain of events.
///
/// Feed it all events in the order of their sequence numbers, then every row, then ask for the report. It holds a few
/// hundred bytes for each certificate, and no DER.
package struct LedgerAudit {
  private struct Key: Hashable {
    var issuer: String
    var subject: String
  }

  private struct ExpectedCertificate {
    var sequence: Int64
    var reservedAt: Date
    var row: String
    var issued: (at: Date, fingerprint: String)?
    var revoked: (at: Date, reason: String)?
  }

  private struct ExpectedCRL {
    var issued: [String: String]?
  }

  private var certificates: [Key: ExpectedCertificate] = [:]
  private var crls: [Key: ExpectedCRL] = [:]
  private var live = LiveAudit()
  /// Serials that were taken together and have no certificate yet.
  private var blocks: Set<Key> = []
  private var head: Checkpoint?
  private var eventCount = 0
  private var rowCount = 0
  private var problems: [LedgerReport.Problem] = []
  private var problemCount = 0
  private let checkpoint: Checkpoint?
  private var hashAtCheckpoint: [UInt8]?

  package init(checkpoint: Checkpoint?) { self.checkpoint = checkpoint }

  package mutating func add(_ event: Event) {
    eventCount += 1
    checkLink(event)
    if event.computedHash != event.hash {
      report(.editedEvent, event, "event \(event.sequence) was edited: its content doesn't have its hash")
    }
    head = Checkpoint(sequence: event.sequence, hash: event.hash)
    if event.sequence == checkpoint?.sequence { hashAtCheckpoint = event.hash }
    switch event.kind {
    case .certificateReserved: reserve(event)
    case .serialsReserved: take(event)
    case .certificateIssued, .certificateRevoked: advance(event)
    case .crlReserved, .crlIssued: number(event)
    default: break
    }
    report(live.add(event))
  }

  /// An event that can't be read at all.
  package mutating func addUnreadableEvent(sequence: Int64) {
    eventCount += 1
    report(.editedEvent, sequence: sequence, "event \(sequence) was edited: it can't be read")
    head = Checkpoint(sequence: sequence, hash: head?.hash ?? Event.genesis)
  }

  package mutating func add(_ record: CertificateRecord) {
    rowCount += 1
    let serial = record.serial.hex
    let key = Key(issuer: record.reservation.issuer.keyID.hexadecimal, subject: serial)
    guard let expected = certificates.removeValue(forKey: key) else {
      return report(.strayRow, serial: serial, "certificate \(serial) is in no event: its row was inserted")
    }
    let differences = Self.differences(record, expected)
    guard !differences.isEmpty else { return }
    report(
      .editedRow, sequence: expected.sequence, serial: serial,
      "the row of certificate \(serial) was edited: \(differences.joined(separator: ", "))")
  }

  /// A certificate's row that can't be read at all.
  package mutating func addUnreadableRow(serial: String?, issuer: String?, reason: String) {
    rowCount += 1
    if let serial, let issuer { certificates[Key(issuer: issuer, subject: serial)] = nil }
    report(.editedRow, serial: serial, "the row of certificate \(serial ?? "?") was edited: \(reason)")
  }

  /// A row of the CRL table; `issued` is nil where a number was taken and no CRL recorded.
  package mutating func addCRL(number: Int64, issuer: [UInt8], issued: IssuedCRL?) {
    guard let expected = crls.removeValue(forKey: Key(issuer: issuer.hexadecimal, subject: String(number))) else {
      return report(.strayRow, "CRL \(number) is in no event: its row was inserted")
    }
    let details = issued.map { LedgerEvents.crlIssued($0, by: "").detail }
    if details != expected.issued { report(.editedRow, "the row of CRL \(number) was edited") }
  }

  package mutating func add(_ invitation: Invitation) { report(live.compare(invitation)) }

  package mutating func add(_ token: AccessToken) { report(live.compare(token)) }

  package mutating func add(_ request: PendingRequest) { report(live.compare(request)) }

  /// A node that the ledger says is shut out.
  package mutating func addShutOut(_ node: NodeRecord.Key, at time: Date, by actor: String) {
    report(live.compareShutOut(node, at: time, by: actor))
  }

  /// A row of a live service that can't be read at all.
  package mutating func addUnreadable(_ what: String, reason: String) {
    report(.editedRow, "the row of \(what) was edited: \(reason)")
  }

  package mutating func finish() -> LedgerReport {
    for (key, expected) in certificates.sorted(by: { $0.value.sequence < $1.value.sequence }) {
      report(
        .missingRow, sequence: expected.sequence, serial: key.subject,
        "the row of certificate \(key.subject) was deleted")
    }
    for key in crls.keys.sorted(by: { $0.subject < $1.subject }) {
      report(.missingRow, "the row of CRL \(key.subject) was deleted")
    }
    for finding in live.missing() { report(finding) }
    compareCheckpoint()
    return LedgerReport(
      events: eventCount, certificates: rowCount, head: head, problems: problems, problemCount: problemCount)
  }
}

extension LedgerAudit {
  private mutating func checkLink(_ event: Event) {
    let last = head?.sequence ?? 0
    if event.sequence <= last {
      report(.brokenLink, event, "event \(event.sequence) has a number that no event can have")
    } else if event.sequence &- last != 1 {
      let span =
        event.sequence &- last == 2 ? "event \(last &+ 1) is" : "events \(last &+ 1) to \(event.sequence &- 1) are"
      report(.missingEvents, sequence: last &+ 1, "\(span) missing")
    } else if event.previous != head?.hash ?? Event.genesis {
      report(.brokenLink, event, "event \(event.sequence) doesn't continue the event before it")
    }
  }

  private mutating func reserve(_ event: Event) {
    let details = event.details
    let key = Key(issuer: details["issuer"] ?? "", subject: event.subject)
    guard certificates[key] == nil else {
      return report(.impossibleEvent, event, "event \(event.sequence) reserves serial \(event.subject) a second time")
    }
    certificates[key] = ExpectedCertificate(
      sequence: event.sequence, reservedAt: event.time, row: details["row"] ?? "")
  }

  private mutating func advance(_ event: Event) {
    let details = event.details
    if event.kind == .certificateIssued, let row = details["row"] { return record(event, details, row: row) }
    let key = Key(issuer: details["issuer"] ?? "", subject: event.subject)
    guard var expected = certificates[key] else {
      return report(.impossibleEvent, event, "event \(event.sequence) names serial \(event.subject), never reserved")
    }
    if event.kind == .certificateIssued, expected.issued == nil {
      expected.issued = (event.time, details["fingerprint"] ?? "")
    } else if event.kind == .certificateRevoked, expected.issued != nil, expected.revoked == nil {
      expected.revoked = (event.time, details["reason"] ?? "")
    } else {
      report(.impossibleEvent, event, "event \(event.sequence) doesn't follow from the state of \(event.subject)")
    }
    certificates[key] = expected
  }

  private mutating func number(_ event: Event) {
    var details = event.details
    let key = Key(issuer: details["issuer"] ?? "", subject: event.subject)
    if event.kind == .crlReserved, crls[key] == nil {
      crls[key] = ExpectedCRL()
    } else if event.kind == .crlIssued, let expected = crls[key], expected.issued == nil {
      details["issuer"] = key.issuer
      crls[key] = ExpectedCRL(issued: details)
    } else {
      report(.impossibleEvent, event, "event \(event.sequence) doesn't follow from the state of CRL \(event.subject)")
    }
  }

  private mutating func take(_ event: Event) {
    let details = event.details
    for serial in (details["serials"] ?? "").split(separator: " ") {
      let key = Key(issuer: details["issuer"] ?? "", subject: String(serial))
      guard blocks.insert(key).inserted, certificates[key] == nil else {
        return report(.impossibleEvent, event, "event \(event.sequence) reserves serial \(serial) a second time")
      }
    }
  }

  /// One of the serials that were taken together got its certificate.
  private mutating func record(_ event: Event, _ details: [String: String], row: String) {
    let key = Key(issuer: details["issuer"] ?? "", subject: event.subject)
    guard blocks.remove(key) != nil, certificates[key] == nil else {
      return report(.impossibleEvent, event, "event \(event.sequence) issues a serial that was not reserved")
    }
    certificates[key] = ExpectedCertificate(
      sequence: event.sequence, reservedAt: event.time, row: row,
      issued: (event.time, details["fingerprint"] ?? ""))
  }

  private static func differences(_ record: CertificateRecord, _ expected: ExpectedCertificate) -> [String] {
    var found: [String] = []
    if record.reservation.digest.hexadecimal != expected.row { found.append("not what was reserved") }
    if record.reservedAt != expected.reservedAt { found.append("other time of reservation") }
    switch (record.issuance, expected.issued) {
    case (nil, nil): break
    case (let issuance?, let issued?):
      let hash = ledgerFingerprint(issuance.certificate)
      if hash.hexadecimal != issued.fingerprint { found.append("not the certificate that was issued") }
      if issuance.fingerprint.hexadecimal != issued.fingerprint { found.append("other fingerprint") }
      if issuance.at != issued.at { found.append("other time of issue") }
    case (nil, _?): found.append("the issued certificate was removed")
    case (_?, nil): found.append("a certificate was added")
    }
    switch (record.revocation, expected.revoked) {
    case (nil, nil): break
    case (let revocation?, let revoked?):
      if revocation.reason.rawValue != revoked.reason { found.append("other reason of revocation") }
      if revocation.at != revoked.at { found.append("other time of revocation") }
    case (nil, _?): found.append("the revocation was removed")
    case (_?, nil): found.append("a revocation was added")
    }
    return found
  }

  private mutating func compareCheckpoint() {
    guard let checkpoint else { return }
    if let hash = hashAtCheckpoint {
      guard hash != checkpoint.hash else { return }
      report(
        .rewritten, sequence: checkpoint.sequence,
        "event \(checkpoint.sequence) has another hash than the checkpoint: the chain was written anew")
    } else {
      let last = head?.sequence ?? 0
      report(
        .truncated, sequence: last,
        "the chain ends at event \(last), the checkpoint was taken at event \(checkpoint.sequence)")
    }
  }

  private mutating func report(_ finding: LiveAudit.Finding?) {
    guard let finding else { return }
    report(finding.kind, sequence: finding.sequence, finding.explanation)
  }

  private mutating func report(_ kind: LedgerReport.Problem.Kind, _ event: Event, _ explanation: String) {
    report(kind, sequence: event.sequence, explanation)
  }

  private mutating func report(
    _ kind: LedgerReport.Problem.Kind, sequence: Int64? = nil, serial: String? = nil, _ explanation: String
  ) {
    problemCount += 1
    guard problems.count < LedgerReport.mostProblems else { return }
    problems.append(.init(kind: kind, sequence: sequence, serial: serial, explanation: explanation))
  }
}
