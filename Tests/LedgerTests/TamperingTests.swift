import Credentials
import Foundation
import GRDB
import Ledger
import LedgerSQLite
import PKITestKit
import StoreTestKit
import Testing

/// One way to falsify a ledger, and what verification must say of it.
struct Tampering: Sendable, CustomTestStringConvertible {
  var name: String
  var sql: String
  var kinds: Set<LedgerReport.Problem.Kind>
  var testDescription: String { name }

  init(_ name: String, _ sql: String, _ kinds: LedgerReport.Problem.Kind...) {
    self.name = name
    self.sql = sql
    self.kinds = Set(kinds)
  }

  // The sample has, for n in 1...5: event 2n-1 reserves and event 2n issues certificate n; event 11 revokes number 5,
  // 12 and 13 are a CRL's, 14 is an operator's note.
  static let all: [Tampering] = events + columns + rows + live

  static let events = [
    Tampering("an edited event", "UPDATE events SET subject = 'x' WHERE sequence = 14", .editedEvent),
    Tampering("an edited actor", "UPDATE events SET actor = 'x' WHERE sequence = 4", .editedEvent),
    Tampering("an edited time", "UPDATE events SET time = time + 1 WHERE sequence = 14", .editedEvent),
    Tampering("an edited kind", "UPDATE events SET kind = 'trust.removed' WHERE sequence = 14", .editedEvent),
    Tampering(
      "an edited detail", "UPDATE events SET detail = replace(detail, 'some', 'other') WHERE sequence = 14",
      .editedEvent),
    Tampering("white space in a detail", "UPDATE events SET detail = detail || ' ' WHERE sequence = 14", .editedEvent),
    Tampering("an edited hash", "UPDATE events SET hash = zeroblob(32) WHERE sequence = 4", .editedEvent, .brokenLink),
    Tampering("an edited predecessor", "UPDATE events SET previous = zeroblob(32) WHERE sequence = 4", .editedEvent),
    Tampering("a deleted note", "DELETE FROM events WHERE sequence = 12", .missingEvents),
    Tampering("the first event deleted", "DELETE FROM events WHERE sequence = 1", .missingEvents),
    Tampering(
      "a deleted event whose gap was closed",
      "DELETE FROM events WHERE sequence = 11; UPDATE events SET sequence = sequence - 1 WHERE sequence > 11",
      .editedEvent, .brokenLink),
    Tampering(
      "two events exchanged",
      """
      UPDATE events SET sequence = 99 WHERE sequence = 3; UPDATE events SET sequence = 3 WHERE sequence = 5;
      UPDATE events SET sequence = 5 WHERE sequence = 99
      """, .editedEvent, .brokenLink),
    Tampering(
      "an inserted event",
      "INSERT INTO events SELECT 15, time, kind, actor, subject, detail, previous, hash FROM events WHERE sequence = 14",
      .editedEvent),
    Tampering(
      "an event before the first",
      "INSERT INTO events SELECT -3, time, kind, actor, subject, detail, previous, hash FROM events WHERE sequence = 14",
      .brokenLink),
  ]

  static let columns = [
    "ordinal = 9", "subject = 'CN=evil'", "common_name = NULL",
    "common_name = 'evil'", "organization = 'evil'", #"names = '["dns:evil"]'"#, "names = 'evil'", "names = '[]'",
    "profile = 'ca'", "key_algorithm = 'none'", "not_before = 0", "not_after = not_after + 1", "public_key = x'00'",
    "requested_by = 'evil'", "identity = zeroblob(16)", "state = 'reserved'", "state = 'revoked'", "reserved_at = 1",
    "issued_at = 1", "issued_at = NULL", "revoked_at = 1", "reason = 'superseded'",
    "fingerprint = zeroblob(32)", "request = x'00'", "request = NULL", "certificate = x'00'", "certificate = NULL",
    "state = 'revoked', revoked_at = 1767225600, reason = 'superseded'",
    "state = 'reserved', issued_at = NULL, fingerprint = NULL, certificate = NULL",
  ].map { change in
    Tampering("a certificate's row with \(change)", "UPDATE certificates SET \(change) WHERE id = 3", .editedRow)
  }

  static let rows = [
    Tampering("another serial", "UPDATE certificates SET serial = zeroblob(20) WHERE id = 3", .strayRow, .missingRow),
    Tampering("another issuer", "UPDATE certificates SET issuer = zeroblob(32) WHERE id = 3", .strayRow, .missingRow),
    Tampering("a deleted certificate", "DELETE FROM certificates WHERE id = 3", .missingRow),
    Tampering(
      "a revocation undone",
      "UPDATE certificates SET state = 'issued', revoked_at = NULL, reason = NULL WHERE id = 5", .editedRow),
    Tampering(
      "a weaker reason of revocation", "UPDATE certificates SET reason = 'superseded' WHERE id = 5", .editedRow),
    Tampering("another time of revocation", "UPDATE certificates SET revoked_at = 1 WHERE id = 5", .editedRow),
    Tampering(
      "an inserted certificate",
      """
      INSERT INTO certificates SELECT 99, issuer, ordinal, zeroblob(20), subject, common_name, organization, names,
      profile, key_algorithm, not_before, not_after, public_key, requested_by, identity, state, reserved_at, issued_at,
      revoked_at, reason, fingerprint, request, certificate, admission, rule, claim, source FROM certificates
      WHERE id = 3
      """, .strayRow),
    Tampering("a deleted CRL", "DELETE FROM crls", .missingRow),
    Tampering("an edited CRL", "UPDATE crls SET next_update = 1", .editedRow),
    Tampering("an inserted CRL", "INSERT INTO crls (issuer, number, ordinal) VALUES (x'00', 5, 1)", .strayRow),
  ]
}

/// Events 15 to 24 and their rows: what a live service adds to the sample.
extension Tampering {
  static let live =
    [
      ("an invitation used less", "UPDATE invitations SET used = 0"),
      ("an invitation with more uses", "UPDATE invitations SET uses = 99"),
      ("an invitation with another secret", "UPDATE invitations SET secret_hash = zeroblob(32)"),
      ("an invitation with another scope", "UPDATE invitations SET name = NULL"),
      ("an invitation that lives longer", "UPDATE invitations SET expires_at = expires_at + 1"),
      ("an invitation withdrawn", "UPDATE invitations SET withdrawn_at = 1"),
      ("an invitation's unreadable names", "UPDATE invitations SET dns = 'x'"),
      ("an access token with more rights", "UPDATE access_tokens SET role = 'administrator'"),
      ("an access token not withdrawn", "UPDATE access_tokens SET withdrawn_at = NULL"),
      ("a request approved", "UPDATE requests SET state = 'approved', decided_by = 'x', decided_at = 1"),
      ("another request", "UPDATE requests SET request = x'00'"),
      ("another time of shutting out", "UPDATE nodes_shut_out SET at = 1"),
      ("another rule of admission", "UPDATE certificates SET rule = 'x' WHERE id = 6"),
      (
        "no admission",
        "UPDATE certificates SET admission = NULL, rule = NULL, claim = NULL, source = NULL WHERE id = 6"
      ),
      ("another source", "UPDATE certificates SET source = NULL WHERE id = 6"),
      ("an unreadable claim", "UPDATE certificates SET claim = 'x' WHERE id = 6"),
    ].map { Tampering($0.0, $0.1, .editedRow) } + [
      Tampering("a certificate of a block edited", "UPDATE certificates SET subject = 'x' WHERE id = 7", .editedRow),
      Tampering(
        "a certificate of a block exchanged", "UPDATE certificates SET certificate = x'00' WHERE id = 7", .editedRow),
      Tampering("a certificate of a block deleted", "DELETE FROM certificates WHERE id = 7", .missingRow),
      Tampering("a deleted invitation", "DELETE FROM invitations", .missingRow),
      Tampering("a deleted access token", "DELETE FROM access_tokens", .missingRow),
      Tampering("a node let in", "DELETE FROM nodes_shut_out", .missingRow),
      Tampering("a node shut out", "INSERT INTO nodes_shut_out VALUES ('x', '', 1, 'x')", .strayRow),
      Tampering(
        "an inserted invitation",
        """
        INSERT INTO invitations (id, secret_hash, dns, uses, used, created_by, created_at, expires_at)
        VALUES ('x', zeroblob(32), '[]', 1, 0, 'x', 1, 9999999999)
        """, .strayRow),
    ]

  /// What the live rows of the sample are made of.
  static func addLive(to ledger: SQLiteLedger, at now: Date) async throws {
    try await ledger.record(LedgerSample.invitation(6, uses: 5), at: now)
    let claim = Admission.Claim.invitation(id: LedgerSample.invitation(6).id)
    try await LedgerSample.issue(LedgerSample.admitted(6, .token, claim), on: ledger)
    try await ledger.record(LedgerSample.accessToken(1), at: now)
    try await ledger.withdrawAccessToken(LedgerSample.accessToken(1).id, by: "operator", at: now)
    _ = try await ledger.submit(LedgerSample.pending(1), mostWaiting: 5, at: now)
    try await LedgerSample.record(LedgerSample.admitted(7, .token, claim), on: ledger)
    let node = NodeRecord.Key(name: "node-1", organization: "Example")
    _ = try await ledger.shutOut(node, isShutOut: true, reason: .superseded, by: "operator", at: now)
  }
}

@Suite("Verification finds what was falsified")
struct TamperingTests {
  /// A closed ledger file, and the checkpoint of its end.
  private func sample(isLive: Bool = false) async throws -> (TemporaryDirectory, String, Checkpoint) {
    let scratch = try TemporaryDirectory()
    let path: String = scratch.file("ledger.db").path
    let ledger = try SQLiteLedger.openOrCreate(path)
    for number in 1...5 { try await LedgerSample.issue(number, on: ledger) }
    let now = LedgerSample.epoch.addingTimeInterval(60)
    try await ledger.revoke(
      LedgerSample.serial(5), of: LedgerSample.issuer, reason: .keyCompromise, by: "operator", at: now)
    let number = try await ledger.reserveCRLNumber(of: LedgerSample.issuer, by: "operator", at: now)
    try await ledger.commit(
      IssuedCRL(issuer: LedgerSample.issuer, number: number, thisUpdate: now, nextUpdate: now, fingerprint: [1]),
      by: "operator", at: now)
    try await ledger.append(
      EventEntry(kind: .trustAdded, actor: "operator", subject: "bundle.pem", detail: ["note": "some text"]), at: now)
    if isLive { try await Tampering.addLive(to: ledger, at: now) }
    let checkpoint = try #require(await ledger.checkpoint())
    try ledger.close()
    return (scratch, path, checkpoint)
  }

  private func falsify(_ path: String, _ sql: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(sql: "DROP TRIGGER events_are_not_edited; DROP TRIGGER events_are_not_deleted")
      try db.execute(sql: sql)
    }
    try queue.close()
  }

  private func verify(_ path: String, _ checkpoint: Checkpoint? = nil) async throws -> LedgerReport {
    let ledger = try SQLiteLedger.open(path, .readOnly)
    return try await ledger.verify(against: checkpoint)
  }

  @Test("falsification", arguments: Tampering.all)
  func isFound(_ tampering: Tampering) async throws {
    let isLive = Tampering.live.contains { $0.name == tampering.name }
    let (scratch, path, checkpoint) = try await sample(isLive: isLive)
    let before = try await verify(path, checkpoint)
    #expect(before.isIntact, "\(before.problems)")
    #expect(before.events == (isLive ? 24 : 14))
    try falsify(path, tampering.sql)
    let report = try await verify(path)
    let found = Set(report.problems.map(\.kind))
    #expect(tampering.kinds.isSubset(of: found), "\(report.problems.map(\.explanation))")
    #expect(report.problems.allSatisfy { !$0.explanation.isEmpty })
    withExtendedLifetime(scratch) {}
  }

  @Test("an edited row is named by its serial, and nothing else is")
  func namesTheRow() async throws {
    let (scratch, path, _) = try await sample()
    try falsify(path, "UPDATE certificates SET subject = 'CN=evil' WHERE id = 3")
    let report = try await verify(path)
    #expect(report.problems.map(\.serial) == [LedgerSample.serial(3).hex])
    try falsifyAgain(path)
    let problems = try await verify(path).problems
    #expect(problems.contains { $0.kind == .editedEvent && $0.sequence == 14 })
    #expect(problems.contains { $0.kind == .editedRow && $0.serial == LedgerSample.serial(3).hex })
    #expect(problems.count == 2)
    withExtendedLifetime(scratch) {}
  }

  private func falsifyAgain(_ path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { try $0.execute(sql: "UPDATE events SET actor = 'evil' WHERE sequence = 14") }
    try queue.close()
  }

  @Test("a cut end is found against a checkpoint and only so")
  func truncation() async throws {
    let (scratch, path, checkpoint) = try await sample()
    try falsify(path, "DELETE FROM events WHERE sequence = 14")
    #expect(try await verify(path).isIntact)
    #expect(try await verify(path, checkpoint).problems.map(\.kind) == [.truncated])
    withExtendedLifetime(scratch) {}
  }

  @Test("a chain written anew is found against a checkpoint")
  func rewriting() async throws {
    let (scratch, path, checkpoint) = try await sample()
    let queue = try DatabaseQueue(path: path)
    let last = try await SQLiteLedger.open(path, .readOnly).events(after: 12, limit: 10)
    let forged = Event(
      EventEntry(kind: .trustAdded, actor: "nobody", subject: "bundle.pem"),
      following: Checkpoint(sequence: 13, hash: last[0].hash), at: LedgerSample.epoch)
    try await queue.write { db in
      try db.execute(sql: "DROP TRIGGER events_are_not_edited")
      try db.execute(
        sql: "UPDATE events SET time = ?, actor = ?, detail = ?, hash = ? WHERE sequence = 14",
        arguments: [forged.time.unixSeconds, forged.actor, forged.detail, Data(forged.hash)])
    }
    try queue.close()
    #expect(try await verify(path).isIntact)
    #expect(try await verify(path, checkpoint).problems.map(\.kind) == [.rewritten])
    withExtendedLifetime(scratch) {}
  }

  @Test("events can't be edited or deleted by accident")
  func appendOnly() async throws {
    let (scratch, path, _) = try await sample()
    for sql in ["UPDATE events SET actor = 'x'", "DELETE FROM events"] {
      let output = try Tool.run("sqlite3", [path, sql])
      #expect(output.status != 0)
      #expect(output.errors.contains("never"))
    }
    withExtendedLifetime(scratch) {}
  }
}
