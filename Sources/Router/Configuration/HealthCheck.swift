/// How endpoints are probed, before connections are sent to them.
package struct HealthCheck: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    /// A connection is accepted.
    case tcp
    /// A handshake succeeds.
    case tls
    /// A request is answered.
    case http
  }

  package var kind: Kind
  package var path: String
  /// The answers that count as health.
  package var status: [Int]
  package var every: Duration
  package var timeout: Duration
  /// Successes in a row that make an endpoint healthy.
  package var healthyAfter: Int
  /// Failures in a row that make it unhealthy.
  package var unhealthyAfter: Int

  package init(
    kind: Kind, path: String = "/", status: [Int] = [200], every: Duration = .seconds(10),
    timeout: Duration = .seconds(2), healthyAfter: Int = 2, unhealthyAfter: Int = 3
  ) {
    self.kind = kind
    self.path = path
    self.status = status
    self.every = every
    self.timeout = timeout
    self.healthyAfter = healthyAfter
    self.unhealthyAfter = unhealthyAfter
  }
}

/// When an endpoint that fails connections is left out for a while.
package struct OutlierRule: Hashable, Sendable {
  /// Failures in a row.
  package var failures: Int
  /// How long it is left out.
  package var duration: Duration

  package init(failures: Int = 5, duration: Duration = .seconds(30)) {
    self.failures = failures
    self.duration = duration
  }
}
