import Credentials
import Foundation
import Ledger
import X509

extension LiveConformance {
  private static let now = LedgerSample.epoch
  private static func after(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

  private static func expect(
    _ refusal: ClaimRefusal, _ body: () async throws(LedgerError) -> Void
  ) async throws {
    try await LedgerConformance.expect(.claimRefused(refusal), body)
  }

  private static func expectEqual<T: Equatable>(_ found: T, _ expected: T, _ what: String) throws {
    try LedgerConformance.expectEqual(found, expected, what)
  }

  static let offers = [
    LiveConformance("invitations come back, newest first, and are withdrawn once") { ledger in
      let all = [LedgerSample.invitation(1), LedgerSample.invitation(2, uses: 9), LedgerSample.invitation(3, hours: 9)]
      for invitation in all { try await ledger.record(invitation, at: now) }
      try expectEqual(try await ledger.invitation(all[1].id), all[1], "the invitation")
      try expectEqual(try await ledger.invitation("none"), nil, "an unknown one")
      try expectEqual(try await ledger.invitations(usableAt: nil, limit: 10), all.reversed(), "the list")
      try expectEqual(try await ledger.invitations(usableAt: nil, limit: 1), [all[2]], "the first")
      try await ledger.withdrawInvitation(all[1].id, by: "operator", at: now)
      try await LedgerConformance.expect(.notFound("invitation \(all[1].id)")) { () async throws(LedgerError) in
        try await ledger.withdrawInvitation(all[1].id, by: "operator", at: now)
      }
      try expectEqual(
        try await ledger.invitations(usableAt: now, limit: 9).map(\.id), [all[2].id, all[0].id], "usable")
      try expectEqual(try await ledger.invitations(usableAt: after(3600), limit: 9).map(\.id), [all[2].id], "later")
      try await LedgerConformance.expect(.unusable(what: "an ID that is taken")) { () async throws(LedgerError) in
        try await ledger.record(all[0], at: now)
      }
    },
    LiveConformance("access tokens come back and are withdrawn once") { ledger in
      let all = [LedgerSample.accessToken(1), LedgerSample.accessToken(2, role: .administrator)]
      for token in all { try await ledger.record(token, at: now) }
      try expectEqual(try await ledger.accessTokens(), all.reversed(), "the list")
      try await ledger.withdrawAccessToken(all[0].id, by: "operator", at: after(1))
      var withdrawn = all[0]
      withdrawn.withdrawnAt = after(1)
      try expectEqual(try await ledger.accessToken(all[0].id), withdrawn, "the withdrawn one")
      try await LedgerConformance.expect(.notFound("access token \(all[0].id)")) { () async throws(LedgerError) in
        try await ledger.withdrawAccessToken(all[0].id, by: "operator", at: now)
      }
    },
    LiveConformance("the events of offers, requests and nodes are written by the ledger alone") { ledger in
      for kind in [EventKind.invitationCreated, .requestApproved, .nodeReadmitted] {
        let expected = LedgerError.unusable(what: "the ledger itself writes events of the kind \(kind.rawValue)")
        try await LedgerConformance.expect(expected) { () async throws(LedgerError) in
          try await ledger.append(EventEntry(kind: kind, actor: "x", subject: "x"), at: now)
        }
      }
      for kind in [
        EventKind.requestRefused, .supersededUsed, .limitExceeded, .serviceStarted, .serviceStopped, .serviceReloaded,
        .configurationRefused, .checkpointSigned, .crlPublished,
      ] {
        try await ledger.append(EventEntry(kind: kind, actor: "x", subject: "y", detail: ["rule": "z"]), at: now)
      }
    },
  ]

  static let blocks = [
    LiveConformance("a serial that was taken with others gets one certificate, written with its claim") { ledger in
      try await ledger.record(LedgerSample.invitation(1), at: now)
      let claim = Admission.Claim.invitation(id: LedgerSample.invitation(1).id)
      let reservation = LedgerSample.admitted(1, .token, claim)
      func record() async throws(LedgerError) {
        try await ledger.record(reservation, certificate: LedgerSample.certificate(1), at: now)
      }
      let unknown = LedgerError.notFound("serial \(reservation.serial.hex)")
      try await LedgerConformance.expect(unknown, record)
      try await ledger.reserve((1...9).map(LedgerSample.serial), of: LedgerSample.issuer, by: "service", at: now)
      try await record()
      let expected = CertificateRecord(
        reservation: reservation, reservedAt: now,
        issuance: .init(
          certificate: LedgerSample.certificate(1), fingerprint: ledgerFingerprint(LedgerSample.certificate(1)), at: now
        ))
      try expectEqual(try await ledger.record(of: reservation.serial), expected, "the record")
      try expectEqual(try await ledger.invitation(LedgerSample.invitation(1).id)?.used, 1, "uses")
      try await LedgerConformance.expect(unknown, record)
      try await expect(.invitationSpent) { () async throws(LedgerError) in
        try await ledger.record(LedgerSample.admitted(2, .token, claim), certificate: [1], at: now)
      }
      try expectEqual(try await ledger.records(of: LedgerSample.serial(2)), [], "what was refused")
      try await ledger.revoke(
        reservation.serial, of: LedgerSample.issuer, reason: .superseded, by: "operator", at: after(5))
      try expectEqual(
        try await ledger.events(after: 1, limit: 9).map(\.kind),
        [.serialsReserved, .certificateIssued, .certificateRevoked], "the events")
    },
    LiveConformance("a serial that has a certificate isn't taken with others") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      try await LedgerConformance.expect(.duplicateSerial(LedgerSample.serial(1).hex)) {
        () async throws(LedgerError) in
        let serials = [LedgerSample.serial(2), LedgerSample.serial(1)]
        try await ledger.reserve(serials, of: LedgerSample.issuer, by: "service", at: now)
      }
    },
    LiveConformance("of fifty that race for an invitation with serials from a supply one wins") { ledger in
      try await ledger.record(LedgerSample.invitation(1), at: now)
      let claim = Admission.Claim.invitation(id: LedgerSample.invitation(1).id)
      let supply = SerialSupply(block: 8) { count in (0..<count).map { _ in SerialNumber() } }
      let won = try await race(50) { number in
        var reservation = LedgerSample.admitted(number, .token, claim)
        reservation.serial = try await supply.next(of: reservation.issuer, from: ledger, by: "service", at: now)
        try await ledger.record(reservation, certificate: [UInt8(number)], at: now)
      }
      try expectEqual(won, 1, "winners")
    },
  ]

  static let claims = [
    LiveConformance("how a request was admitted is kept with the certificate and in its event") { ledger in
      try await ledger.record(LedgerSample.invitation(1), at: now)
      let renewal = Admission.Claim.renewal(
        of: LedgerSample.serial(1), issuer: LedgerSample.issuer, isLatest: true)
      let all = [
        LedgerSample.admitted(1, .token, .invitation(id: LedgerSample.invitation(1).id)),
        LedgerSample.admitted(2, .password, .password(name: "a b"), name: "node-1b"),
        LedgerSample.admitted(3, .lateRenewal, renewal, name: "node-1"),
        LedgerSample.admitted(4, .partner, nil),
      ]
      for reservation in all {
        try await LedgerSample.issue(reservation, on: ledger)
        try expectEqual(try await ledger.record(of: reservation.serial).reservation, reservation, "the reservation")
      }
      let details = try await ledger.events(after: 1, limit: 1).first?.details ?? [:]
      try expectEqual(details["admission"], "token", "the admission")
      try expectEqual(details["rule"], "tokens, policy 1", "the rule")
      try expectEqual(details["source"], "192.0.2.7", "the source")
      try expectEqual(details["claim"], "invitation \(LedgerSample.invitation(1).id)", "the claim")
    },
    LiveConformance("of fifty that race for an invitation as many win as it has uses") { ledger in
      for (invitation, uses) in [(1, 1), (2, 3)] {
        try await ledger.record(LedgerSample.invitation(invitation, uses: uses), at: now)
        let id = LedgerSample.invitation(invitation).id
        let won = try await race(50, on: ledger) { number in
          LedgerSample.admitted(invitation * 100 + number, .token, .invitation(id: id))
        }
        try expectEqual(won, uses, "winners")
        try expectEqual(try await ledger.invitation(id)?.used, uses, "uses")
        try await expect(.invitationSpent) { () async throws(LedgerError) in
          try await ledger.reserve(LedgerSample.admitted(999, .token, .invitation(id: id)), at: now)
        }
      }
    },
    LiveConformance("an invitation that is unknown, withdrawn or expired admits nobody") { ledger in
      let id = LedgerSample.invitation(1).id
      let reservation = LedgerSample.admitted(1, .token, .invitation(id: id))
      try await expect(.invitationUnknown) { () async throws(LedgerError) in
        try await ledger.reserve(reservation, at: now)
      }
      try await ledger.record(LedgerSample.invitation(1), at: now)
      try await expect(.invitationExpired) { () async throws(LedgerError) in
        try await ledger.reserve(reservation, at: after(3600))
      }
      try await ledger.withdrawInvitation(id, by: "operator", at: now)
      try await expect(.invitationWithdrawn) { () async throws(LedgerError) in
        try await ledger.reserve(reservation, at: now)
      }
      try expectEqual(try await ledger.records(of: reservation.serial), [], "the record")
    },
    LiveConformance("a claimed use goes with the serial: a serial that is taken uses up nothing") { ledger in
      try await ledger.record(LedgerSample.invitation(1), at: now)
      let id = LedgerSample.invitation(1).id
      try await LedgerSample.issue(1, on: ledger)
      try await LedgerConformance.expect(.duplicateSerial(LedgerSample.serial(1).hex)) {
        () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(1, .token, .invitation(id: id)), at: now)
      }
      try expectEqual(try await ledger.invitation(id)?.used, 0, "uses")
    },
    LiveConformance("a password ends with the first certificate that it brought") { ledger in
      let claim = Admission.Claim.password(name: "node")
      let won = try await race(50, on: ledger) { LedgerSample.admitted($0, .password, claim, name: "node") }
      try expectEqual(won, 1, "winners")
      try await expect(.passwordSpent) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(99, .password, claim, name: "node"), at: after(86_400))
      }
      let other = Admission.Claim.password(name: "other")
      try await ledger.reserve(LedgerSample.admitted(200, .password, other, name: "other"), at: now)
      try await expect(.passwordSpent) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(201, .password, other, name: "other"), at: after(5))
      }
      // The one that reserved was killed before it signed.
      try await ledger.reserve(LedgerSample.admitted(202, .password, other, name: "other"), at: after(120))
    },
    LiveConformance("a revoked certificate isn't renewed, a superseded one only where that may be") { ledger in
      func renewal(_ number: Int, of old: Int, isLatest: Bool) -> Reservation {
        let claim = Admission.Claim.renewal(
          of: LedgerSample.serial(old), issuer: LedgerSample.issuer, isLatest: isLatest)
        return LedgerSample.admitted(number, .renewal, claim, name: "node")
      }
      try await LedgerSample.issue(1, on: ledger, name: "node")
      try await LedgerConformance.expect(.notFound("serial \(LedgerSample.serial(9).hex)")) {
        () async throws(LedgerError) in try await ledger.reserve(renewal(2, of: 9, isLatest: false), at: now)
      }
      try await LedgerSample.issue(renewal(2, of: 1, isLatest: true), on: ledger)
      try await expect(.certificateSuperseded) { () async throws(LedgerError) in
        try await ledger.reserve(renewal(3, of: 1, isLatest: true), at: now)
      }
      try await LedgerSample.issue(renewal(3, of: 1, isLatest: false), on: ledger)
      try await ledger.revoke(
        LedgerSample.serial(3), of: LedgerSample.issuer, reason: .superseded, by: "operator", at: now)
      for isLatest in [true, false] {
        try await expect(.certificateRevoked) { () async throws(LedgerError) in
          try await ledger.reserve(renewal(4, of: 3, isLatest: isLatest), at: now)
        }
      }
    },
  ]

  /// - Returns: how many of them got a certificate.
  private static func race(
    _ count: Int, on ledger: any LiveLedger, _ reservation: @escaping @Sendable (Int) -> Reservation
  ) async throws -> Int {
    try await race(count) { try await LedgerSample.issue(reservation($0), on: ledger) }
  }

  private static func race(
    _ count: Int, _ issue: @escaping @Sendable (Int) async throws -> Void
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<count {
        group.addTask {
          do {
            try await issue(number)
            return true
          } catch LedgerError.claimRefused {
            return false
          }
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
  }

  static let requests = [
    LiveConformance("a request waits, is approved, and is issued once") { ledger in
      let request = LedgerSample.pending(1)
      let claim = Admission.Claim.approval(id: request.id)
      try expectEqual(try await ledger.submit(request, mostWaiting: 9, at: now), request, "the request")
      try await expect(.approvalMissing) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(1, .approval, claim), at: now)
      }
      try await ledger.decide(request.id, approve: true, by: "alice", at: after(5))
      let approved = try await ledger.submit(request, mostWaiting: 9, at: after(6))
      try expectEqual(approved.state, .approved, "the state")
      try expectEqual(approved.decidedBy, "alice", "who decided")
      try expectEqual(approved.decidedAt, after(5), "when")
      try await expect(.approvalMissing) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(2, .approval, claim), at: now)
      }
      let won = try await race(50, on: ledger) { number in
        var reservation = LedgerSample.admitted(100 + number, .approval, claim)
        reservation.request = request.request
        return reservation
      }
      try expectEqual(won, 1, "winners")
      try expectEqual(try await ledger.pendingRequest(request.id)?.state, .issued, "the state")
    },
    LiveConformance("an approval that was taken and never signed is taken again") { ledger in
      let request = LedgerSample.pending(1)
      _ = try await ledger.submit(request, mostWaiting: 9, at: now)
      try await ledger.decide(request.id, approve: true, by: "alice", at: now)
      let claim = Admission.Claim.approval(id: request.id)
      try await ledger.reserve(LedgerSample.admitted(1, .approval, claim), at: now)
      var second = LedgerSample.admitted(2, .approval, claim)
      second.request = request.request
      try await expect(.approvalMissing) { () async throws(LedgerError) in
        try await ledger.reserve(second, at: after(5))
      }
      try await ledger.reserve(second, at: after(120))
    },
    LiveConformance("the queue has an end, and what expired makes room") { ledger in
      for number in 1...2 { _ = try await ledger.submit(LedgerSample.pending(number), mostWaiting: 2, at: now) }
      try await LedgerConformance.expect(.queueFull(2)) { () async throws(LedgerError) in
        _ = try await ledger.submit(LedgerSample.pending(3), mostWaiting: 2, at: now)
      }
      _ = try await ledger.submit(LedgerSample.pending(1), mostWaiting: 2, at: now)
      try await ledger.decide(LedgerSample.pending(2).id, approve: false, by: "alice", at: now)
      _ = try await ledger.submit(LedgerSample.pending(3), mostWaiting: 2, at: now)
      func waiting(_ name: String? = nil, at time: Date = now) async throws -> [String] {
        try await ledger.pendingRequests(.waiting, name: name, at: time).map(\.name)
      }
      try expectEqual(try await waiting(), ["node-1", "node-3"], "waiting")
      try expectEqual(try await waiting("node-3"), ["node-3"], "by name")
      try expectEqual(try await ledger.pendingRequests(.denied, name: nil, at: now).map(\.name), ["node-2"], "denied")
      try expectEqual(try await waiting(at: after(86_400)), [], "after a day")
      let late = after(86_400)
      try await LedgerConformance.expect(.notFound("a waiting request \(LedgerSample.pending(1).id)")) {
        () async throws(LedgerError) in
        try await ledger.decide(LedgerSample.pending(1).id, approve: true, by: "alice", at: late)
      }
      var again = LedgerSample.pending(2)
      (again.createdAt, again.expiresAt) = (late, late.addingTimeInterval(10))
      try expectEqual(try await ledger.submit(again, mostWaiting: 2, at: late), again, "the request asked again")
    },
    LiveConformance("wrong pairing codes are counted, and the last one denies") { ledger in
      let request = LedgerSample.pending(1)
      _ = try await ledger.submit(request, mostWaiting: 9, at: now)
      for left in [2, 1, 0] {
        let found = try await ledger.refuseCode(of: request.id, by: "alice", mostTries: 3, at: after(5))
        try expectEqual(found, left, "tries left")
      }
      let denied = try await ledger.pendingRequest(request.id)
      try expectEqual(denied?.state, .denied, "the state")
      try expectEqual(denied?.decidedBy, "alice", "who decided")
      try await LedgerConformance.expect(.notFound("a waiting request \(request.id)")) {
        () async throws(LedgerError) in
        _ = try await ledger.refuseCode(of: request.id, by: "alice", mostTries: 3, at: after(6))
      }
      let kinds = try await ledger.events(after: 0, limit: 10).map(\.kind)
      try expectEqual(
        kinds,
        [.requestSubmitted, .pairingCodeRefused, .pairingCodeRefused, .pairingCodeRefused, .requestDenied], "events")
    },
    LiveConformance("two requests never share an ID") { ledger in
      let request = LedgerSample.pending(1)
      _ = try await ledger.submit(request, mostWaiting: 9, at: now)
      try await LedgerConformance.expect(.unusable(what: "another request has the same ID")) {
        () async throws(LedgerError) in
        var other = request
        other.request = [1, 2, 3]
        _ = try await ledger.submit(other, mostWaiting: 9, at: now)
      }
    },
  ]

  static let nodes = [
    LiveConformance("a node is all certificates of one name and organization") { ledger in
      for (number, name) in [(1, "b"), (2, "a"), (3, "b"), (4, "c")] {
        try await LedgerSample.issue(LedgerSample.admitted(number, .partner, nil, name: name), on: ledger)
      }
      var reservation = LedgerSample.reservation(5, name: "b")
      reservation.organization = nil
      try await LedgerSample.issue(reservation, on: ledger)
      try await ledger.reserve(LedgerSample.reservation(6, name: "b"), at: now)
      try await ledger.reserve(LedgerSample.reservation(7, name: "bb"), at: now)
      var all: [NodeRecord] = []
      var next: NodeRecord.Key?
      repeat {
        let page = try await ledger.nodes(after: next, limit: 2)
        all += page.nodes
        next = page.next
      } while next != nil
      try expectEqual(
        all.map(\.key),
        [
          .init(name: "a", organization: "Example"), .init(name: "b"), .init(name: "b", organization: "Example"),
          .init(name: "c", organization: "Example"),
        ], "the nodes")
      try expectEqual(try await ledger.nodes(named: "b"), [all[1], all[2]], "by name")
      try expectEqual(all[2].certificates, 2, "certificates")
      try expectEqual(all[2].latest.serial, LedgerSample.serial(3), "the latest")
      try expectEqual(all[2].admission, .partner, "the admission")
      try expectEqual(all[2].rule, "tokens, policy 1", "the rule")
      try expectEqual(all[2].firstIssuedAt, now, "the first")
      try expectEqual(all[1].admission, nil, "the desk's admission")
      let certificates = try await ledger.certificates(of: all[2].key, limit: 9).map(\.serial)
      try expectEqual(certificates, [LedgerSample.serial(3), LedgerSample.serial(1)], "its certificates")
    },
    LiveConformance("the latest sighting counts, in whatever order they come") { ledger in
      try await LedgerSample.issue(1, on: ledger)
      let key = NodeRecord.Key(name: "node-1", organization: "Example")
      for second in [5, 9, 7] {
        let sighting = NodeRecord.Sighting(
          serial: LedgerSample.serial(1), at: after(Double(second)), source: "192.0.2.\(second)")
        try await ledger.saw([key: sighting])
      }
      let seen = try await ledger.nodes(named: "node-1").first?.lastSeen
      try expectEqual(
        seen, .init(serial: LedgerSample.serial(1), at: after(9), source: "192.0.2.9"), "the sighting")
    },
    LiveConformance("the sighting of a replaced certificate doesn't hide that of its successor") { ledger in
      for number in 1...2 { try await LedgerSample.issue(number, on: ledger, name: "node") }
      let key = NodeRecord.Key(name: "node", organization: "Example")
      for (second, number) in [(1, 1), (2, 2), (3, 1)] {
        let sighting = NodeRecord.Sighting(
          serial: LedgerSample.serial(number), at: after(Double(second)), source: "192.0.2.1")
        try await ledger.saw([key: sighting])
      }
      let seen = try await ledger.nodes(named: "node").first?.lastSeen
      try expectEqual(seen, .init(serial: LedgerSample.serial(2), at: after(2), source: "192.0.2.1"), "the sighting")
    },
    LiveConformance("a node that is shut out loses its certificates and gets none until it is let in") { ledger in
      let key = NodeRecord.Key(name: "node", organization: "Example")
      try await LedgerConformance.expect(.notFound("node node")) { () async throws(LedgerError) in
        _ = try await ledger.shutOut(key, isShutOut: true, reason: .keyCompromise, by: "alice", at: now)
      }
      for number in 1...2 { try await LedgerSample.issue(number, on: ledger, name: "node") }
      try await LedgerSample.issue(3, on: ledger, name: "node", days: 0)
      let revoked = try await ledger.shutOut(key, isShutOut: true, reason: .keyCompromise, by: "alice", at: after(5))
      try expectEqual(revoked, [LedgerSample.serial(1), LedgerSample.serial(2)], "the revoked")
      try expectEqual(try await ledger.nodes(named: "node").first?.revokedAt, after(5), "shut out")
      let events = try await ledger.revocations(after: 0, limit: 10)
      try expectEqual(events.map(\.serial), revoked, "the revocations")
      try expectEqual(events.first?.issuerKeyID, LedgerSample.issuer.keyID, "their issuer")
      try expectEqual(
        try await ledger.revocations(after: events[0].sequence, limit: 10).map(\.serial), [revoked[1]], "those later")
      try await expect(.nodeShutOut) { () async throws(LedgerError) in
        try await ledger.reserve(LedgerSample.admitted(4, .partner, nil, name: "node"), at: now)
      }
      try await LedgerSample.issue(5, on: ledger, name: "node")
      _ = try await ledger.shutOut(key, isShutOut: false, reason: .unspecified, by: "alice", at: after(9))
      try expectEqual(try await ledger.nodes(named: "node").first?.revokedAt, nil, "let in again")
      try expectEqual(try await ledger.record(of: LedgerSample.serial(1)).state, .revoked, "what was revoked")
      try await ledger.reserve(LedgerSample.admitted(4, .partner, nil, name: "node"), at: now)
    },
    LiveConformance("services are known by their address, the one that started last first") { ledger in
      let services = [1, 2].map {
        ServiceRecord(url: "https://h\($0):8443", rootHash: LedgerSample.issuer.keyID, startedAt: after(Double($0)))
      }
      for service in services { try await ledger.announce(service) }
      try expectEqual(try await ledger.services(), services.reversed(), "the services")
      var again = services[0]
      again.startedAt = after(9)
      try await ledger.announce(again)
      try expectEqual(try await ledger.services(), [again, services[1]], "after a restart")
    },
  ]
}
