import Credentials
package import Foundation
import GRDB
package import Ledger

extension SQLiteLedger: RequestQueue {
  package func submit(
    _ request: PendingRequest, mostWaiting: Int, at now: Date
  ) async throws(LedgerError) -> PendingRequest {
    try request.check()
    return try await write { chain in
      let row = try chain.first(
        "SELECT \(RequestRows.columns) FROM requests WHERE id = ? AND (expires_at > ? OR state = 'issued')",
        [request.id, now.unixSeconds])
      if let known = try row.map(RequestRows.request) {
        guard known.request == request.request else {
          throw LedgerError.unusable(what: "another request has the same ID")
        }
        return known
      }
      let waiting = try chain.first(
        "SELECT count(*) FROM requests WHERE state = 'waiting' AND expires_at > ?", [now.unixSeconds])
      guard try waiting?.integer(0) ?? 0 < mostWaiting else { throw LedgerError.queueFull(mostWaiting) }
      try chain.execute("DELETE FROM requests WHERE state <> 'issued' AND expires_at <= ?", [now.unixSeconds])
      var request = request
      request.state = .waiting
      (request.decidedBy, request.decidedAt) = (nil, nil)
      try RequestRows.insert(request, chain)
      try chain.append(LedgerEvents.submitted(request), at: now)
      return request
    }
  }

  package func pendingRequest(_ id: String) async throws(LedgerError) -> PendingRequest? {
    try await read { db in
      let statement = try db.cachedStatement(sql: "SELECT \(RequestRows.columns) FROM requests WHERE id = ?")
      return try Row.fetchOne(statement, arguments: [id]).map { try RequestRows.request(Columns($0)) }
    }
  }

  package func pendingRequests(
    _ state: PendingRequest.State, name: String?, at now: Date
  ) async throws(LedgerError) -> [PendingRequest] {
    try await read { db in
      var arguments: [any DatabaseValueConvertible] = [state.rawValue, now.unixSeconds]
      if let name { arguments.append(name) }
      return try Row.fetchAll(
        db,
        sql: """
          SELECT \(RequestRows.columns) FROM requests WHERE state = ? AND expires_at > ?
          \(name == nil ? "" : "AND name = ?") ORDER BY number LIMIT 10000
          """, arguments: StatementArguments(arguments)
      ).map { try RequestRows.request(Columns($0)) }
    }
  }

  package func decide(_ id: String, approve: Bool, by actor: String, at now: Date) async throws(LedgerError) {
    try EventEntry.checkLive([id, actor])
    try await write { chain in
      let row = try chain.first(
        "SELECT name FROM requests WHERE id = ? AND state = 'waiting' AND expires_at > ?", [id, now.unixSeconds])
      guard let row else { throw LedgerError.notFound("a waiting request \(id)") }
      try Self.decide(id, name: try row.text(0), approve: approve, by: actor, at: now, chain)
    }
  }

  package func refuseCode(
    of id: String, by actor: String, mostTries: Int, at now: Date
  ) async throws(LedgerError) -> Int {
    try EventEntry.checkLive([id, actor])
    return try await write { chain in
      let row = try chain.first(
        "SELECT name, wrong_codes FROM requests WHERE id = ? AND state = 'waiting' AND expires_at > ?",
        [id, now.unixSeconds])
      guard let row else { throw LedgerError.notFound("a waiting request \(id)") }
      let (name, tries) = (try row.text(0), try row.integer(1) + 1)
      try chain.execute("UPDATE requests SET wrong_codes = ? WHERE id = ?", [tries, id])
      try chain.append(
        EventEntry(kind: .pairingCodeRefused, actor: actor, subject: id, detail: ["name": name, "try": "\(tries)"]),
        at: now)
      guard tries >= Int64(mostTries) else { return mostTries - Int(tries) }
      try Self.decide(id, name: name, approve: false, by: actor, at: now, chain)
      return 0
    }
  }

  private static func decide(
    _ id: String, name: String, approve: Bool, by actor: String, at now: Date, _ chain: ChainWriter
  ) throws {
    let state = approve ? PendingRequest.State.approved : .denied
    try chain.execute(
      "UPDATE requests SET state = ?, decided_by = ?, decided_at = ? WHERE id = ?",
      [state.rawValue, actor, now.unixSeconds, id])
    try chain.append(LedgerEvents.decided(id, name: name, approve: approve, by: actor), at: now)
  }
}

/// The table of requests that wait, or waited, for an operator.
enum RequestRows {
  static let columns = """
    id, name, organization, names, request, pairing_code, source, state, created_at, expires_at, decided_by, decided_at
    """

  static func insert(_ request: PendingRequest, _ chain: ChainWriter) throws {
    try chain.execute(
      """
      INSERT INTO requests (id, name, organization, names, request, pairing_code, source, state, created_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        request.id, request.name, request.organization, CanonicalJSON.encode(request.names), Data(request.request),
        request.pairingCode, request.source, request.state.rawValue, request.createdAt.unixSeconds,
        request.expiresAt.unixSeconds,
      ])
  }

  static func request(_ row: Columns) throws -> PendingRequest {
    guard let state = PendingRequest.State(rawValue: try row.text(7)) else {
      throw Columns.Unreadable(reason: "its state is unknown")
    }
    return PendingRequest(
      id: try row.text(0), name: try row.text(1), organization: try row.optional(2, row.text), names: try row.texts(3),
      request: try row.bytes(4), pairingCode: try row.text(5), source: try row.text(6), state: state,
      createdAt: try row.time(8), expiresAt: try row.time(9), decidedBy: try row.optional(10, row.text),
      decidedAt: try row.optional(11, row.time))
  }
}
