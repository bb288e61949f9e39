import Credentials
import Foundation
import Ledger
import X509

extension LedgerConformance {
  private static let now = LedgerSample.epoch
  private static let later = LedgerSample.epoch.addingTimeInterval(60)
  private static let issuer = LedgerSample.issuer

  static let issuance = [
    LedgerConformance("a reserved serial is found and was never issued") { ledger in
      let reservation = LedgerSample.reservation(1)
      try await ledger.reserve(reservation, at: now)
      let record = try await ledger.record(of: reservation.serial)
      try expectEqual(record, CertificateRecord(reservation: reservation, reservedAt: now), "the record")
      try expectEqual(record.state, .reserved, "the state")
    },
    LedgerConformance("a committed certificate comes back byte for byte") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      let record = try await ledger.record(of: LedgerSample.serial(1))
      try expectEqual(record.issuance?.certificate, LedgerSample.certificate(1), "the certificate")
      try expectEqual(record.reservation, LedgerSample.reservation(1), "the reservation")
      try expectEqual(record.state, .issued, "the state")
      let fingerprint = ledgerFingerprint(LedgerSample.certificate(1))
      try expectEqual(
        try await ledger.record(of: LedgerSample.serial(1), fingerprint: fingerprint), record,
        "the record by fingerprint")
      try expectEqual(
        try await ledger.record(of: LedgerSample.serial(1), fingerprint: [1, 2, 3]), nil, "an unknown fingerprint")
    },
    LedgerConformance("a serial is taken once for each issuer") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      try await expect(.duplicateSerial(LedgerSample.serial(1).hex)) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.reservation(1), at: now)
      }
      try await ledger.reserve(LedgerSample.reservation(1, issuer: LedgerSample.otherIssuer), at: now)
    },
    LedgerConformance("a certificate is committed once, and only with a reservation") { ledger in
      let serial = LedgerSample.serial(1)
      try await expect(.notFound("serial \(serial.hex)")) { () async throws(LedgerError) in
        try await ledger.commit(serial, of: issuer, certificate: [1], at: now)
      }
      try await LedgerSample.issue(1, on: ledger)
      try await expect(.alreadyIssued(serial.hex)) { () async throws(LedgerError) in
        try await ledger.commit(serial, of: issuer, certificate: [1], at: now)
      }
    },
    LedgerConformance("a small serial and one with every optional field absent are kept") { ledger in
      var reservation = LedgerSample.reservation(1)
      reservation.serial = SerialNumber(7)
      reservation.commonName = nil
      reservation.organization = nil
      reservation.names = []
      reservation.request = nil
      try await ledger.reserve(reservation, at: now)
      try expectEqual(try await ledger.record(of: SerialNumber.parse("00:07")).reservation, reservation, "the row")
    },
    LedgerConformance("names with quotes, line ends and other scripts are kept") { ledger in
      var reservation = LedgerSample.reservation(1)
      reservation.subject = "CN=\"a\\,b\"\n\t\u{1}'; DROP TABLE events; --,O=Zürich \u{1F600} e\u{301}"
      reservation.names = ["dns:\"x\"", "uri:spiffe://a/\\b", ""]
      try await ledger.reserve(reservation, at: now)
      let found = try await ledger.record(of: reservation.serial).reservation
      try expectEqual(found, reservation, "the row")
      try expectEqual(Array(found.subject.utf8), Array(reservation.subject.utf8), "its bytes")
    },
    LedgerConformance("a NUL character is refused and nothing is written") { ledger in
      var reservation = LedgerSample.reservation(1)
      reservation.names = ["dns:good.example\0.evil.example"]
      try await expect(.unusable(what: "a NUL character in a name")) { () async throws(LedgerError) in
        try await ledger.reserve(reservation, at: now)
      }
      try expectEqual(try await ledger.checkpoint(), nil, "the end of the chain")
    },
    LedgerConformance("of fifty who reserve one serial at once, one succeeds") { ledger in
      let winners = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<50 {
          group.addTask { (try? await ledger.reserve(LedgerSample.reservation(1), at: now)) != nil }
        }
        return await group.reduce(0) { $1 ? $0 + 1 : $0 }
      }
      try expectEqual(winners, 1, "winners")
    },
    LedgerConformance("two hundred who issue at once leave one unbroken chain") { ledger in
      try await LedgerWorkload.issue(200, concurrency: 64, on: ledger)
      let report = try await ledger.verify(against: nil)
      try expectEqual(report.events, 400, "events")
      try expectEqual(report.certificates, 200, "certificates")
    },
  ]

  static let revocation = [
    LedgerConformance("a revoked certificate is on its issuer's list with reason and time") { ledger in
      for number in [3, 1, 2] { try await LedgerSample.issue(number, on: ledger) }
      try await LedgerSample.issue(4, on: ledger, issuer: LedgerSample.otherIssuer)
      for number in [3, 1] {
        try await ledger.revoke(
          LedgerSample.serial(number), of: issuer, reason: .keyCompromise, by: "operator", at: later)
      }
      let notAfter = LedgerSample.reservation(1).notAfter
      let expected = [1, 3].map {
        RevocationRecord(
          serial: LedgerSample.serial($0), reason: .keyCompromise, revokedAt: later, notAfter: notAfter)
      }
      try expectEqual(try await ledger.revocations(of: issuer, expiringAfter: nil), expected, "revocations")
      try expectEqual(try await ledger.revocations(of: issuer, expiringAfter: notAfter), [], "unexpired revocations")
      try expectEqual(try await ledger.revocations(of: LedgerSample.otherIssuer, expiringAfter: nil), [], "the other's")
      try expectEqual(try await ledger.record(of: LedgerSample.serial(1)).state, .revoked, "the state")
    },
    LedgerConformance("only an issued certificate is revoked, and only once") { ledger in
      let serial = LedgerSample.serial(1)
      func revoke() async throws(LedgerError) {
        try await ledger.revoke(serial, of: issuer, reason: .superseded, by: "operator", at: later)
      }
      try await expect(.notFound("serial \(serial.hex)"), revoke)
      try await ledger.reserve(LedgerSample.reservation(1), at: now)
      try await expect(.neverIssued(serial.hex), revoke)
      try await ledger.commit(serial, of: issuer, certificate: [1], at: now)
      try await revoke()
      try await expect(.alreadyRevoked(serial.hex), revoke)
    },
    LedgerConformance("CRL numbers rise from one for each issuer, and each names one CRL") { ledger in
      for expected: Int64 in 1...3 {
        try expectEqual(
          try await ledger.reserveCRLNumber(of: issuer, by: "operator", at: now), expected, "the number")
      }
      try expectEqual(
        try await ledger.reserveCRLNumber(of: LedgerSample.otherIssuer, by: "operator", at: now), 1, "the other's")
      let crl = IssuedCRL(issuer: issuer, number: 2, thisUpdate: now, nextUpdate: later, fingerprint: [9, 9])
      try await ledger.commit(crl, by: "operator", at: now)
      try await expect(.alreadyIssued("of CRL 2")) { () async throws(LedgerError) in
        try await ledger.commit(crl, by: "operator", at: now)
      }
      let unknown = IssuedCRL(issuer: issuer, number: 9, thisUpdate: now, nextUpdate: later, fingerprint: [9])
      try await expect(.notFound("CRL number 9")) { () async throws(LedgerError) in
        try await ledger.commit(unknown, by: "operator", at: now)
      }
    },
  ]

  static let catalog = [
    LedgerConformance("an unknown serial is not found") { ledger in
      try await expect(.notFound("serial 2a")) { () async throws(LedgerError) in
        _ = try await ledger.record(of: SerialNumber(42))
      }
    },
    LedgerConformance("a serial of two issuers is ambiguous") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      try await ledger.reserve(LedgerSample.reservation(1, issuer: LedgerSample.otherIssuer), at: now)
      try expectEqual(try await ledger.records(of: LedgerSample.serial(1)).count, 2, "records")
      try await expect(.ambiguousSerial(LedgerSample.serial(1).hex)) { () async throws(LedgerError) in
        _ = try await ledger.record(of: LedgerSample.serial(1))
      }
    },
    LedgerConformance("pages list every certificate once, soonest expiry first") { ledger in
      for number in 0..<25 { try await LedgerSample.issue(number, on: ledger, days: 10 + number % 4) }
      var query = CatalogQuery(limit: 7)
      var found: [CatalogEntry] = []
      repeat {
        let page = try await ledger.certificates(query)
        found += page.entries
        query.after = page.next
      } while query.after != nil
      try expectEqual(Set(found.map(\.serial)).count, 25, "serials")
      try expectEqual(found.count, 25, "entries")
      try expectEqual(found.map(\.notAfter), found.map(\.notAfter).sorted(), "the order")
    },
    LedgerConformance("pages are cut down by state, time, name and replacement") { ledger in
      try await LedgerSample.issue(1, on: ledger, name: "a", days: 10)
      try await LedgerSample.issue(2, on: ledger, name: "a", days: 20)
      try await LedgerSample.issue(3, on: ledger, name: "b", days: 30)
      try await ledger.reserve(LedgerSample.reservation(4, name: "c", days: 5), at: now)
      func serials(_ query: CatalogQuery) async throws -> [SerialNumber] {
        try await ledger.certificates(query).entries.map(\.serial)
      }
      let days: (Int) -> Date = { now.addingTimeInterval(Double($0) * 86_400) }
      let expected = { (numbers: [Int]) in numbers.map(LedgerSample.serial) }
      try expectEqual(try await serials(CatalogQuery()), expected([1, 2, 3]), "issued")
      try expectEqual(try await serials(CatalogQuery(states: [.reserved, .issued])), expected([4, 1, 2, 3]), "both")
      try expectEqual(try await serials(CatalogQuery(expiringBefore: days(20))), expected([1]), "before")
      try expectEqual(try await serials(CatalogQuery(notExpiredAt: days(20))), expected([2, 3]), "from")
      try expectEqual(try await serials(CatalogQuery(commonName: "a")), expected([1, 2]), "by name")
      try expectEqual(try await serials(CatalogQuery(excludesSuperseded: true)), expected([2, 3]), "not replaced")
    },
    LedgerConformance("what was issued last counts, however short it lives") { ledger in
      try await LedgerSample.issue(1, on: ledger, name: "node", days: 365)
      try await LedgerSample.issue(2, on: ledger, name: "node", days: 20)
      let found = try await ledger.certificates(CatalogQuery(excludesSuperseded: true))
      try expectEqual(found.entries.map(\.serial), [LedgerSample.serial(2)], "in use")
      let day = { (days: Int) -> Date in now.addingTimeInterval(Double(days) * 86_400) }
      let summary = try await ledger.summary(.init(now: day(1), warning: day(31), critical: day(8)))
      try expectEqual([summary.superseded, summary.warning, summary.good], [1, 1, 0], "the counts")
    },
    LedgerConformance("the summary counts each certificate once") { ledger in
      for (number, days) in [(1, 1), (2, 5), (3, 20), (4, 90)] {
        try await LedgerSample.issue(number, on: ledger, days: days)
      }
      try await LedgerSample.issue(5, on: ledger, name: "node-2", days: 60)
      try await LedgerSample.issue(6, on: ledger)
      try await ledger.revoke(LedgerSample.serial(6), of: issuer, reason: .superseded, by: "operator", at: later)
      try await ledger.reserve(LedgerSample.reservation(7), at: now)
      let days: (Int) -> Date = { now.addingTimeInterval(Double($0) * 86_400) }
      var expected = CatalogSummary()
      expected.neverIssued = 1
      expected.revoked = 1
      expected.expired = 1
      expected.superseded = 1
      expected.warning = 1
      expected.good = 2
      expected.nextExpiry = days(20)
      let found = try await ledger.summary(.init(now: days(2), warning: days(32), critical: days(9)))
      try expectEqual(found, expected, "the summary")
      try expectEqual(found.total, 7, "the total")
    },
  ]

  static let events = [
    LedgerConformance("events are numbered without gaps and chained") { ledger in
      try expectEqual(try await ledger.checkpoint(), nil, "an empty chain's end")
      let entry = EventEntry(
        kind: .authorityCreated, actor: "operator", subject: "Example", detail: ["b": "2", "a": "1"])
      let first = try await ledger.append(entry, at: now)
      try await LedgerSample.issue(1, on: ledger)
      try await ledger.revoke(LedgerSample.serial(1), of: issuer, reason: .superseded, by: "operator", at: later)
      let all = try await ledger.events(after: 0, limit: 100)
      try expectEqual(all.map(\.sequence), [1, 2, 3, 4], "the numbers")
      try expectEqual(
        all.map(\.kind), [.authorityCreated, .certificateReserved, .certificateIssued, .certificateRevoked],
        "the kinds")
      try expectEqual(all.first, first, "the first event")
      try expectEqual(first.detail, #"{"a":"1","b":"2"}"#, "the detail")
      for (event, next) in zip(all, all.dropFirst()) { try expectEqual(next.previous, event.hash, "the link") }
      try expectEqual(try await ledger.events(after: 2, limit: 1).map(\.sequence), [3], "a page")
      try expectEqual(
        try await ledger.checkpoint(), all.last.map { Checkpoint(sequence: $0.sequence, hash: $0.hash) }, "the end")
    },
    LedgerConformance("nobody but the ledger writes the events of certificates") { ledger in
      let entry = EventEntry(kind: .certificateIssued, actor: "operator", subject: "1")
      let expected = LedgerError.unusable(what: "the ledger itself writes events of the kind certificate.issued")
      try await expect(expected) { () async throws(LedgerError) in try await ledger.append(entry, at: now) }
    },
    LedgerConformance("an earlier checkpoint still holds when the chain has grown") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      let checkpoint = try await ledger.checkpoint()
      try await LedgerSample.issue(2, on: ledger)
      let report = try await ledger.verify(against: checkpoint)
      try expect(report.isIntact, "\(report.problems)")
    },
    LedgerConformance("a checkpoint of another chain is noticed") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      let foreign = Checkpoint(sequence: 2, hash: [UInt8](repeating: 7, count: 32))
      let rewritten = try await ledger.verify(against: foreign)
      try expectEqual(rewritten.problems.map(\.kind), [.rewritten], "the problems")
      let ahead = try await ledger.verify(against: Checkpoint(sequence: 9, hash: foreign.hash))
      try expectEqual(ahead.problems.map(\.kind), [.truncated], "the problems")
    },
    LedgerConformance("a follower sees what was there and what comes") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      var seen: [Int64] = []
      for try await event in ledger.follow(after: 1, every: .milliseconds(5)) {
        seen.append(event.sequence)
        if seen == [2] { try await LedgerSample.issue(2, on: ledger) }
        if seen.count == 3 { break }
      }
      try expectEqual(seen, [2, 3, 4], "the events")
    },
  ]
}
