/// Backends that serve the same, and how they are reached.
package struct ClusterConfiguration: Hashable, Sendable {
  package var name: String
  package var endpoints: [EndpointLocation]
  /// How often names are resolved again.
  package var resolve: Duration
  /// With it, the router speaks TLS with the backends.
  package var tls: UpstreamTLS?
  /// What is spoken with the backends, where that makes a difference.
  package var `protocol`: ClusterProtocol
  package var balance: Balancing
  /// How endpoints are probed; nil where they aren't.
  package var health: HealthCheck?
  package var outlier: OutlierRule
  package var connectTimeout: Duration
  /// How long an answer of HTTP may take to begin; nil for any time.
  package var answerTimeout: Duration?
  /// Further attempts, while no byte has reached a backend.
  package var retries: Int
  /// Whether a connection begins with a PROXY protocol header of version 2, with what is known of the client's TLS.
  package var sendsProxyHeader: Bool

  package init(
    name: String, endpoints: [EndpointLocation], resolve: Duration = .seconds(30), tls: UpstreamTLS? = nil,
    protocol: ClusterProtocol = .http1, balance: Balancing = .roundRobin, health: HealthCheck? = nil,
    outlier: OutlierRule = OutlierRule(), connectTimeout: Duration = .seconds(5),
    answerTimeout: Duration? = .seconds(60), retries: Int = 1, sendsProxyHeader: Bool = false
  ) {
    self.name = name
    self.endpoints = endpoints
    self.resolve = resolve
    self.tls = tls
    self.protocol = `protocol`
    self.balance = balance
    self.health = health
    self.outlier = outlier
    self.connectTimeout = connectTimeout
    self.answerTimeout = answerTimeout
    self.retries = retries
    self.sendsProxyHeader = sendsProxyHeader
  }
}

package enum ClusterProtocol: String, CaseIterable, Hashable, Sendable {
  /// What the requests of an HTTP listener are sent by.
  case http1
  case http2
  /// PostgreSQL, whose servers are asked for TLS before it begins (SSLRequest).
  case postgres
}

package enum Balancing: String, CaseIterable, Hashable, Sendable {
  case roundRobin
  case leastConnections
}
