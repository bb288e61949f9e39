/// How the router speaks TLS with a cluster's backends.
package struct UpstreamTLS: Hashable, Sendable {
  /// The file of the CA certificates that vouch for backends.
  package var trust: String
  /// What the router shows a backend that asks for a certificate; nil for none.
  package var identity: IdentityFiles?
  /// The name that is verified and sent as SNI; nil for the endpoint's host.
  package var name: String?
  package var revocation: RevocationSource?
  package var settings: TLSSettings

  package init(
    trust: String, identity: IdentityFiles? = nil, name: String? = nil, revocation: RevocationSource? = nil,
    settings: TLSSettings = TLSSettings()
  ) {
    self.trust = trust
    self.identity = identity
    self.name = name
    self.revocation = revocation
    self.settings = settings
  }
}
