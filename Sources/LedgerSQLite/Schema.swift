import GRDB

/// The tables, as a list of steps: step n brings a ledger from schema version n to n + 1.
///
/// A step, once released, is never edited.
enum Schema {
  /// "CSgn", in the header of the file: tells a ledger from other SQLite files.
  static let applicationID: Int64 = 0x4353_676E

  static let steps: [String] = [
    """
    CREATE TABLE certificates (
      id INTEGER PRIMARY KEY,
      issuer BLOB NOT NULL,
      ordinal INTEGER NOT NULL,
      serial BLOB NOT NULL,
      subject TEXT NOT NULL,
      common_name TEXT,
      organization TEXT,
      names TEXT NOT NULL,
      profile TEXT NOT NULL,
      key_algorithm TEXT NOT NULL,
      not_before INTEGER NOT NULL,
      not_after INTEGER NOT NULL,
      public_key BLOB NOT NULL,
      requested_by TEXT NOT NULL,
      identity BLOB NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('reserved', 'issued', 'revoked')),
      reserved_at INTEGER NOT NULL,
      issued_at INTEGER,
      revoked_at INTEGER,
      reason TEXT,
      fingerprint BLOB,
      request BLOB,
      certificate BLOB
    ) STRICT;
    CREATE UNIQUE INDEX certificates_serial ON certificates (serial, issuer);
    CREATE INDEX certificates_fingerprint ON certificates (fingerprint) WHERE fingerprint IS NOT NULL;
    CREATE INDEX certificates_expiry ON certificates (state, not_after, identity);
    CREATE INDEX certificates_name ON certificates (common_name) WHERE common_name IS NOT NULL;
    CREATE INDEX certificates_identity ON certificates (identity, state, not_after);
    CREATE TABLE crls (
      issuer BLOB NOT NULL,
      number INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      this_update INTEGER,
      next_update INTEGER,
      fingerprint BLOB,
      PRIMARY KEY (issuer, number)
    ) STRICT;
    CREATE TABLE events (
      sequence INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      actor TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL,
      previous BLOB NOT NULL,
      hash BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER events_are_not_edited BEFORE UPDATE ON events
      BEGIN SELECT RAISE(ABORT, 'events are never edited'); END;
    CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
      BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
    """,
    // What a live service records. Indexes by random values cost a page of the file for each certificate, so those of
    // step 1 that the columns of a node can stand in for go.
    """
    ALTER TABLE certificates ADD COLUMN admission TEXT;
    ALTER TABLE certificates ADD COLUMN rule TEXT;
    ALTER TABLE certificates ADD COLUMN claim TEXT;
    ALTER TABLE certificates ADD COLUMN source TEXT;
    DROP INDEX certificates_fingerprint;
    DROP INDEX certificates_expiry;
    DROP INDEX certificates_name;
    DROP INDEX certificates_identity;
    CREATE INDEX certificates_expiry ON certificates (state, not_after);
    CREATE INDEX certificates_node ON certificates (common_name, organization);
    CREATE INDEX certificates_identity ON certificates (identity) WHERE common_name IS NULL;
    CREATE INDEX certificates_password ON certificates (common_name) WHERE admission = 'password';
    CREATE INDEX events_revoked ON events (sequence) WHERE kind = 'certificate.revoked';
    CREATE TABLE invitations (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      secret_hash BLOB NOT NULL,
      name TEXT,
      organization TEXT,
      dns TEXT NOT NULL,
      uses INTEGER NOT NULL,
      used INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      withdrawn_at INTEGER
    ) STRICT;
    CREATE INDEX invitations_usable ON invitations (expires_at) WHERE withdrawn_at IS NULL AND used < uses;
    CREATE TABLE access_tokens (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      secret_hash BLOB NOT NULL,
      name TEXT NOT NULL,
      role TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      withdrawn_at INTEGER
    ) STRICT;
    CREATE TABLE requests (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      organization TEXT,
      names TEXT NOT NULL,
      request BLOB NOT NULL,
      pairing_code TEXT NOT NULL,
      source TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'issued')),
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      decided_by TEXT,
      decided_at INTEGER,
      certificate INTEGER,
      wrong_codes INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX requests_state ON requests (state, expires_at);
    CREATE TABLE nodes_shut_out (
      name TEXT NOT NULL,
      organization TEXT NOT NULL,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL,
      PRIMARY KEY (name, organization)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sightings (
      name TEXT NOT NULL,
      organization TEXT NOT NULL,
      serial BLOB NOT NULL,
      at INTEGER NOT NULL,
      source TEXT NOT NULL,
      PRIMARY KEY (name, organization)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE services (
      url TEXT PRIMARY KEY,
      root_hash BLOB NOT NULL,
      started_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
  ]

  static var version: Int { steps.count }

  /// What kind of file a database is.
  enum Condition {
    case empty
    case ledger(version: Int)
    case foreign
  }

  static func condition(_ db: Database) throws -> Condition {
    let version = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    if application == applicationID, version > 0, version <= Int64(Int32.max) { return .ledger(version: Int(version)) }
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    return version == 0 && application == 0 && tables == 0 ? .empty : .foreign
  }

  /// Takes all steps that are missing, in the transaction that the caller holds.
  static func migrate(_ db: Database, from version: Int) throws {
    for step in steps.dropFirst(version) { try db.execute(sql: step) }
    try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    try db.execute(sql: "PRAGMA user_version = \(steps.count)")
  }
}
