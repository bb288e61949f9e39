package import Credentials
package import Enrolment
package import Ledger
package import Logging

/// What orchestrator.yaml says, read and checked.
package struct OrchestratorConfiguration: Hashable, Sendable {
  package var listen: ListenAddress
  /// Plain HTTP, for what must not be behind TLS (RFC 5280 §8); nil for none.
  package var publicListen: ListenAddress?
  /// The names of its own certificate, besides localhost and 127.0.0.1.
  package var names: [SubjectName]
  /// Where CRLs, OCSP and issuers are found, without a slash at the end; nil leaves AIA and CRLDP out.
  package var publicURL: String?
  package var ledger: LedgerLocation
  package var admission: AdmissionRules
  package var policy: IssuancePolicy
  package var limits: RateLimits
  /// Client certificates that may use the administration interface.
  package var administrators: [AdministratorRule]
  /// What is granted where the request can't say it.
  package var issuing: IssuingDefaults
  package var revocation: RevocationTiming
  package var server: ServerLimits
  /// How long its own certificate is valid.
  package var certificateLifetime: Duration
  /// The least grave messages that are logged.
  package var logLevel: Logger.Level

  package init(
    listen: ListenAddress, publicListen: ListenAddress? = nil, names: [SubjectName], publicURL: String? = nil,
    ledger: LedgerLocation, admission: AdmissionRules = AdmissionRules(), policy: IssuancePolicy = .unrestricted,
    limits: RateLimits = RateLimits(), administrators: [AdministratorRule] = [],
    issuing: IssuingDefaults = IssuingDefaults(), revocation: RevocationTiming = RevocationTiming(),
    server: ServerLimits = ServerLimits(), certificateLifetime: Duration = .seconds(30 * 86_400),
    logLevel: Logger.Level = .info
  ) {
    self.listen = listen
    self.publicListen = publicListen
    self.names = names
    self.publicURL = publicURL
    self.ledger = ledger
    self.admission = admission
    self.policy = policy
    self.limits = limits
    self.administrators = administrators
    self.issuing = issuing
    self.revocation = revocation
    self.server = server
    self.certificateLifetime = certificateLifetime
    self.logLevel = logLevel
  }
}

package struct ListenAddress: Hashable, Sendable {
  /// An address, or a name to be resolved once.
  package var host: String
  /// 0 lets the system choose.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

package enum LedgerLocation: Hashable, Sendable {
  case sqlite(path: String)
  /// Several orchestrators that share one database; not available yet.
  case postgres(url: String)
}

/// How often somebody may ask.
package struct RateLimits: Hashable, Sendable {
  package typealias Rate = RateLimit

  /// Enrolments and renewals of one node; nil for no limit.
  package var perIdentity: Rate?
  /// Enrolments, renewals and refusals from one address (of IPv6, one /64); nil for no limit.
  package var perAddress: Rate?

  package init(perIdentity: Rate? = nil, perAddress: Rate? = nil) {
    self.perIdentity = perIdentity
    self.perAddress = perAddress
  }
}

/// Which client certificates of our own authority may administer.
package struct AdministratorRule: Hashable, Sendable {
  package var name: NamePattern
  package var organization: String?
  package var role: AccessToken.Role

  package init(name: NamePattern, organization: String? = nil, role: AccessToken.Role) {
    self.name = name
    self.organization = organization
    self.role = role
  }
}

package struct IssuingDefaults: Hashable, Sendable {
  package var profile: Profile
  package var lifetime: Duration

  package init(profile: Profile = .node, lifetime: Duration = .seconds(90 * 86_400)) {
    self.profile = profile
    self.lifetime = lifetime
  }
}

package struct RevocationTiming: Hashable, Sendable {
  /// How long a CRL is valid; it is renewed when half of that has passed, and after each revocation.
  package var crlLifetime: Duration
  /// How long an OCSP answer is valid.
  package var ocspLifetime: Duration

  package init(crlLifetime: Duration = .seconds(7 * 86_400), ocspLifetime: Duration = .seconds(4 * 3600)) {
    self.crlLifetime = crlLifetime
    self.ocspLifetime = ocspLifetime
  }
}

/// What one client may take of the server.
package struct ServerLimits: Hashable, Sendable {
  package var connections: Int
  package var connectionsPerAddress: Int
  package var handshakeTimeout: Duration
  /// From the first byte of a request to its last.
  package var requestTimeout: Duration
  package var idleTimeout: Duration
  /// How long requests under way may go on after the signal to stop.
  package var shutdownTimeout: Duration

  package init(
    connections: Int = 20_000, connectionsPerAddress: Int = 20_000, handshakeTimeout: Duration = .seconds(10),
    requestTimeout: Duration = .seconds(30), idleTimeout: Duration = .seconds(120),
    shutdownTimeout: Duration = .seconds(20)
  ) {
    self.connections = connections
    self.connectionsPerAddress = connectionsPerAddress
    self.handshakeTimeout = handshakeTimeout
    self.requestTimeout = requestTimeout
    self.idleTimeout = idleTimeout
    self.shutdownTimeout = shutdownTimeout
  }
}
