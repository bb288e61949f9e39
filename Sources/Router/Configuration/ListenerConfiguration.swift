/// Where the router takes connections, from whom, and where it forwards them.
package struct ListenerConfiguration: Hashable, Sendable {
  package var name: String
  package var listen: ListenLocation
  package var `protocol`: ListenerProtocol
  /// With it, TLS is terminated here.
  package var identity: IdentityFiles?
  /// With it, clients have to show a certificate. Without it nobody is asked, and no rule holds.
  package var clients: ClientRules?
  package var tls: TLSSettings
  package var limits: ListenerLimits
  package var proxyProtocol: ProxyAcceptance?
  package var headers: IdentityHeaders
  /// The cluster of what no route takes.
  package var to: String?
  package var routes: [RouteConfiguration]

  package init(
    name: String, listen: ListenLocation, protocol: ListenerProtocol = .tcp, identity: IdentityFiles? = nil,
    clients: ClientRules? = nil, tls: TLSSettings = TLSSettings(), limits: ListenerLimits = ListenerLimits(),
    proxyProtocol: ProxyAcceptance? = nil, headers: IdentityHeaders = IdentityHeaders(), to: String? = nil,
    routes: [RouteConfiguration] = []
  ) {
    self.name = name
    self.listen = listen
    self.protocol = `protocol`
    self.identity = identity
    self.clients = clients
    self.tls = tls
    self.limits = limits
    self.proxyProtocol = proxyProtocol
    self.headers = headers
    self.to = to
    self.routes = routes
  }
}

package enum ListenerProtocol: String, CaseIterable, Hashable, Sendable {
  case tcp
  case http
  /// PostgreSQL, whose clients ask for TLS before they begin with it (SSLRequest).
  case postgres
  /// TLS that isn't terminated here, routed by its SNI.
  case passthrough
}

/// How what arrives is told apart. The first route that fits takes it.
package struct RouteConfiguration: Hashable, Sendable {
  /// The host of a request, or the SNI of a connection that is passed through; nil for any.
  package var host: DNSPattern?
  /// How a request's path begins; nil for any.
  package var path: String?
  package var to: String
  /// They hold for a request, beside the listener's.
  package var rules: IdentityRules

  package init(host: DNSPattern? = nil, path: String? = nil, to: String, rules: IdentityRules = IdentityRules()) {
    self.host = host
    self.path = path
    self.to = to
    self.rules = rules
  }
}
