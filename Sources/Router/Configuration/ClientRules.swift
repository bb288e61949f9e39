/// Which clients a listener takes: those whose certificate is trusted, holds and passes the rules.
package struct ClientRules: Hashable, Sendable {
  /// The file of the CA certificates that vouch for clients.
  package var trust: String
  package var revocation: RevocationSource?
  package var rules: IdentityRules

  package init(trust: String, revocation: RevocationSource? = nil, rules: IdentityRules = IdentityRules()) {
    self.trust = trust
    self.revocation = revocation
    self.rules = rules
  }
}

/// Where CRLs come from, and what holds when they are stale.
package struct RevocationSource: Hashable, Sendable {
  package enum WhenStale: String, CaseIterable, Hashable, Sendable {
    /// Nobody passes.
    case closed
    /// What the last CRL said goes on to hold.
    case open
  }

  /// Paths of files, and URLs of http and https.
  package var locations: [String]
  /// How old a CRL may be; nil for as long as it says itself (nextUpdate).
  package var staleAfter: Duration?
  package var whenStale: WhenStale

  package init(locations: [String], staleAfter: Duration? = nil, whenStale: WhenStale = .closed) {
    self.locations = locations
    self.staleAfter = staleAfter
    self.whenStale = whenStale
  }
}
