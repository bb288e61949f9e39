package import Credentials
package import Foundation
import GRDB
package import Ledger
import X509

extension SQLiteLedger: NodeCatalog {
  package func nodes(after key: NodeRecord.Key?, limit: Int) async throws(LedgerError) -> NodePage {
    try await read { db in
      let limit = max(1, min(limit, 1000))
      var nodes: [NodeRecord] = []
      var last = key
      while nodes.count < limit {
        guard let next = try NodeRows.key(after: last, db) else { return NodePage(nodes: nodes, next: nil) }
        if let node = try NodeRows.node(next, db) { nodes.append(node) }
        last = next
      }
      return NodePage(nodes: nodes, next: last)
    }
  }

  package func nodes(named name: String) async throws(LedgerError) -> [NodeRecord] {
    try await read { db in
      try NodeRows.organizations(of: name, db).compactMap {
        try NodeRows.node(NodeRecord.Key(name: name, organization: $0), db)
      }
    }
  }

  package func certificates(of node: NodeRecord.Key, limit: Int) async throws(LedgerError) -> [CatalogEntry] {
    try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT \(CertificateRows.entryColumns) \(NodeRows.issuedToNode) ORDER BY id DESC LIMIT ?")
      return try Row.fetchAll(statement, arguments: [node.name, node.organization, max(1, min(limit, 1000))]).map {
        try CertificateRows.entry(Columns($0))
      }
    }
  }

  package func saw(_ sightings: [NodeRecord.Key: NodeRecord.Sighting]) async throws(LedgerError) {
    guard !sightings.isEmpty else { return }
    try EventEntry.check(sightings.flatMap { [$0.key.name, $0.key.organization ?? "", $0.value.source] })
    try await write { chain in
      for (node, sighting) in sightings {
        try chain.execute(
          """
          INSERT INTO sightings (name, organization, serial, at, source) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (name, organization) DO UPDATE SET serial = excluded.serial, at = excluded.at,
          source = excluded.source WHERE excluded.at >= at
          AND coalesce((SELECT max(id) FROM certificates WHERE serial = excluded.serial), 0)
          >= coalesce((SELECT max(id) FROM certificates WHERE serial = sightings.serial), 0)
          """,
          [
            node.name, node.organization ?? "", CertificateRows.key(sighting.serial), sighting.at.unixSeconds,
            sighting.source,
          ])
      }
    }
  }

  package func shutOut(
    _ node: NodeRecord.Key, isShutOut: Bool, reason: RevocationRecord.Reason, by actor: String, at now: Date
  ) async throws(LedgerError) -> [SerialNumber] {
    try EventEntry.checkLive([node.name, node.organization ?? "", actor])
    return try await write { chain in
      guard try NodeRows.exists(node, chain.db) else { throw LedgerError.notFound("node \(node.name)") }
      guard isShutOut else {
        let changed = try chain.execute(
          "DELETE FROM nodes_shut_out WHERE name = ? AND organization = ?", [node.name, node.organization ?? ""])
        if changed > 0 { try chain.append(LedgerEvents.readmitted(node, by: actor), at: now) }
        return []
      }
      try chain.execute(
        """
        INSERT INTO nodes_shut_out (name, organization, at, actor) VALUES (?, ?, ?, ?)
        ON CONFLICT (name, organization) DO UPDATE SET at = excluded.at, actor = excluded.actor
        """, [node.name, node.organization ?? "", now.unixSeconds, actor])
      try chain.append(LedgerEvents.shutOut(node, reason: reason, by: actor), at: now)
      return try NodeRows.revokeAll(of: node, reason: reason, by: actor, at: now, chain)
    }
  }

  package func announce(_ service: ServiceRecord) async throws(LedgerError) {
    try EventEntry.checkLive([service.url])
    try await write { chain in
      _ = try chain.execute(
        """
        INSERT INTO services (url, root_hash, started_at) VALUES (?, ?, ?)
        ON CONFLICT (url) DO UPDATE SET root_hash = excluded.root_hash, started_at = excluded.started_at
        """, [service.url, Data(service.rootHash), service.startedAt.unixSeconds])
    }
  }

  package func services() async throws(LedgerError) -> [ServiceRecord] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT url, root_hash, started_at FROM services ORDER BY started_at DESC, url LIMIT 1000"
      ).map(Columns.init).map {
        ServiceRecord(url: try $0.text(0), rootHash: try $0.bytes(1), startedAt: try $0.time(2))
      }
    }
  }
}

/// Nodes, as the table of certificates knows them: by common name and organization.
enum NodeRows {
  /// An authority has a common name too, and is no node.
  static let issuedToNode = """
    FROM certificates WHERE common_name = ? AND organization IS ? AND state <> 'reserved' AND profile <> 'authority'
    """

  static func exists(_ node: NodeRecord.Key, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 \(issuedToNode) LIMIT 1")
    return try Row.fetchOne(statement, arguments: [node.name, node.organization]) != nil
  }

  /// The next node in the order of the index, wherever the one before it stood.
  static func key(after key: NodeRecord.Key?, _ db: Database) throws -> NodeRecord.Key? {
    let columns = "SELECT common_name, organization FROM certificates"
    let order = "ORDER BY common_name, organization LIMIT 1"
    var row: Row?
    if let key {
      // Rows without an organization come first.
      let later = key.organization == nil ? "organization IS NOT NULL" : "organization > ?"
      var arguments: [any DatabaseValueConvertible] = [key.name]
      if let organization = key.organization { arguments.append(organization) }
      row = try Row.fetchOne(
        try db.cachedStatement(sql: "\(columns) WHERE common_name = ? AND \(later) \(order)"),
        arguments: StatementArguments(arguments))
      row =
        try row
        ?? Row.fetchOne(
          try db.cachedStatement(sql: "\(columns) WHERE common_name > ? \(order)"), arguments: [key.name])
    } else {
      row = try Row.fetchOne(try db.cachedStatement(sql: "\(columns) WHERE common_name IS NOT NULL \(order)"))
    }
    return try row.map(Columns.init).map {
      NodeRecord.Key(name: try $0.text(0), organization: try $0.optional(1, $0.text))
    }
  }

  static func organizations(of name: String, _ db: Database) throws -> [String?] {
    var found: [String?] = []
    if try exists(NodeRecord.Key(name: name), db) { found.append(nil) }
    let statement = try db.cachedStatement(
      sql: """
        SELECT organization FROM certificates WHERE common_name = ? AND organization > ?
        ORDER BY organization LIMIT 1
        """)
    while let row = try Row.fetchOne(statement, arguments: [name, (found.last ?? nil) ?? ""]).map(Columns.init) {
      found.append(try row.text(0))
    }
    return found
  }

  /// Nil for a node that never had a certificate.
  static func node(_ key: NodeRecord.Key, _ db: Database) throws -> NodeRecord? {
    let arguments: StatementArguments = [key.name, key.organization]
    let latest = try Row.fetchOne(
      try db.cachedStatement(
        sql: """
          SELECT \(CertificateRows.entryColumns), admission, rule, claim, source \(issuedToNode)
          ORDER BY id DESC LIMIT 1
          """), arguments: arguments
    ).map(Columns.init)
    guard let latest else { return nil }
    let first = try Row.fetchOne(
      try db.cachedStatement(sql: "SELECT issued_at \(issuedToNode) ORDER BY id LIMIT 1"), arguments: arguments
    ).map(Columns.init)
    let admission = try CertificateRows.admission(latest, 14)
    return NodeRecord(
      key: key, admission: admission?.kind, rule: admission?.rule,
      firstIssuedAt: try first?.time(0) ?? Date(unixSeconds: 0), latest: try CertificateRows.entry(latest),
      certificates: try count(arguments, db), lastSeen: try sighting(of: key, db), revokedAt: try shutOut(key, db))
  }

  /// Counted in the index, less those that were never issued: of these there are few.
  private static func count(_ arguments: StatementArguments, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: """
        SELECT (SELECT count(*) FROM certificates INDEXED BY certificates_node
          WHERE common_name = ?1 AND organization IS ?2)
        - (SELECT count(*) FROM certificates INDEXED BY certificates_expiry
          WHERE state = 'reserved' AND common_name = ?1 AND organization IS ?2)
        """)
    return Int(try Row.fetchOne(statement, arguments: arguments).map(Columns.init)?.integer(0) ?? 0)
  }

  private static func sighting(of key: NodeRecord.Key, _ db: Database) throws -> NodeRecord.Sighting? {
    let statement = try db.cachedStatement(
      sql: "SELECT serial, at, source FROM sightings WHERE name = ? AND organization = ?")
    return try Row.fetchOne(statement, arguments: [key.name, key.organization ?? ""]).map(Columns.init).map {
      NodeRecord.Sighting(serial: SerialNumber(bytes: try $0.bytes(0)), at: try $0.time(1), source: try $0.text(2))
    }
  }

  private static func shutOut(_ key: NodeRecord.Key, _ db: Database) throws -> Date? {
    let statement = try db.cachedStatement(sql: "SELECT at FROM nodes_shut_out WHERE name = ? AND organization = ?")
    return try Row.fetchOne(statement, arguments: [key.name, key.organization ?? ""]).map(Columns.init)?.time(0)
  }

  static func revokeAll(
    of node: NodeRecord.Key, reason: RevocationRecord.Reason, by actor: String, at now: Date, _ chain: ChainWriter
  ) throws -> [SerialNumber] {
    let rows = try Row.fetchAll(
      try chain.db.cachedStatement(
        sql: "SELECT id, serial, issuer \(issuedToNode) AND state = 'issued' AND not_after >= ? ORDER BY id"),
      arguments: [node.name, node.organization, now.unixSeconds]
    ).map(Columns.init)
    return try rows.map { row in
      let serial = SerialNumber(bytes: try row.bytes(1))
      try CertificateRows.revoke(
        serial, row: try row.integer(0), issuer: try row.bytes(2), reason: reason, by: actor, at: now, chain)
      return serial
    }
  }
}
