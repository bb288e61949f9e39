import Credentials
package import Formats
import Ledger
import Logging

extension OrchestratorConfiguration {
  /// The keys of orchestrator.yaml.
  package static let fields: [Field] = [
    Field("listen", .text(.listenAddress), "Where it listens with TLS, for everything; 0.0.0.0:8443."),
    Field(
      "publicListen", .text(.listenAddress),
      "Where it listens with plain HTTP, only for `/ocsp`, `/crl` and `/issuers`; nowhere."),
    Field(
      "names", .list(.text(.host)),
      "The names of its own certificate, which it renews by itself; `localhost` and `127.0.0.1` are always among them."),
    Field(
      "publicURL", .text(.publicURL),
      "Where relying parties find `/ocsp`, `/crl` and `/issuers`: it goes into certificates. Without it they hold no such address."
    ),
    Field("ledger", .object(LedgerLocation.fields), "Where the record is kept; `ledger.db` in the home."),
    Field("admission", .object(admissionFields), "Who is let in, and how. What isn't named isn't offered."),
    IssuancePolicy.field,
    Field("limits", .object(RateLimits.fields), "How often somebody may ask."),
    Field(
      "administrators", .list(.object(AdministratorRule.fields)),
      "Which client certificates of its own authority may use the administration interface."),
    Field(
      "issuing",
      .object([
        Field("lifetime", .text(.duration), "How long certificates are valid; 90d, or what config.yaml says."),
        Field(
          "profile", .choice(Profile.allCases.map(\.rawValue)),
          "What certificates may be used for; node, or what config.yaml says."),
      ]), "What is granted where a request can't say it."),
    Field(
      "revocation",
      .object([
        Field("crl", .text(.duration), "How long a CRL is valid; it is renewed when half of that has passed; 7d."),
        Field("ocsp", .text(.duration), "How long an OCSP answer is valid; 4h."),
      ]), "How fresh what is said of revocation is."),
    Field(
      "certificate",
      .object([Field("lifetime", .text(.duration), "How long it is valid; renewed after two thirds of that; 30d.")]),
      "Its own certificate."),
    Field("server", .object(ServerLimits.fields), "What clients may take of it."),
    Field(
      "log",
      .object([
        Field(
          "level", .choice(Logger.Level.allCases.map(\.rawValue)), "The least grave messages that are logged; info.")
      ]), "What it logs, on standard error."),
  ]

  private static let admissionFields: [Field] = [
    Field("tokens", .flag, "Whether the join tokens of `countersign invite` are taken; false."),
    Field(
      "passwords",
      .object([
        Field(
          "file", .text(.path), required: true,
          "A file with a line `name:hash` for each agent; the hash is scrypt's, `$scrypt$ln=15,r=8,p=1$SALT$HASH`.")
      ]), "Agents' passwords, each good until its agent has its certificate."),
    Field(
      "approval",
      .object([
        Field("names", .list(.text(.any)), "Patterns of the common names that may wait; `\"*\"`."),
        Field("expiresAfter", .text(.duration), "How long a request waits; 24h."),
      ]), "Requests without any proof wait for an operator; `{}` for all."),
    Field(
      "partners",
      .list(
        .object([
          Field("org", .text(.any), required: true, "The only organisation that the partner's certificates name."),
          Field("trust", .text(.path), required: true, "The partner's CA certificates, PEM."),
          Field(
            "dns", .list(.text(.dnsScope)), required: true,
            "The DNS names that its nodes may have; one that begins with a dot stands for all below it."),
        ])), "Nodes of other organisations, known by certificates of their own authority."),
    Field(
      "renewal",
      .object([
        Field(
          "late", .text(.duration),
          "How long after its end a certificate can still be renewed, with a signature by its key; never.")
      ]), "Certificates of this authority can always be renewed while they are valid."),
  ]
}

extension LedgerLocation {
  static let fields: [Field] = [
    Field("sqlite", .text(.path), "A SQLite file. A relative path is one in the home."),
    Field(
      "postgres", .text(.any),
      "The URL of a PostgreSQL database that several orchestrators share. Not available yet: refused at start."),
    Field("passwordFile", .text(.path), "The file with the password for PostgreSQL."),
    Field("pool", .number(1...1000), "Connections to PostgreSQL."),
  ]
}

extension RateLimits {
  static let fields: [Field] = [
    Field(
      "perIdentity", .text(.rate), "Enrolments and renewals of one node: `10/m`, `100/s`, `5/h`, `unlimited`; 10/m."),
    Field(
      "perAddress", .text(.rate),
      "Enrolments, renewals and refusals from one address (of IPv6, one /64); 100/m."),
  ]
}

extension AdministratorRule {
  static let fields: [Field] = [
    Field("name", .text(.any), required: true, "A pattern of common names."),
    Field("org", .text(.any), "The organisation that the certificate must name; any."),
    Field("role", .choice(AccessToken.Role.allCases.map(\.rawValue)), required: true, "What they may do."),
  ]
}

extension ServerLimits {
  static let fields: [Field] = [
    Field("connections", .number(1...1_000_000), "Connections at once; 20000."),
    Field("connectionsPerAddress", .number(1...1_000_000), "Connections at once from one address; 20000."),
    Field("handshakeTimeout", .text(.duration), "How long a TLS handshake may take; 10s."),
    Field("requestTimeout", .text(.duration), "From the first byte of a request to its last; 30s."),
    Field("idleTimeout", .text(.duration), "How long a connection may lie idle; 2m."),
    Field("shutdownTimeout", .text(.duration), "How long requests under way may go on after the signal to stop; 20s."),
  ]
}
