/// What rules say of a peer, and which of them said it.
package enum Decision: Hashable, Sendable {
  case allowed(by: String)
  case refused(by: String)
  /// No rule matches.
  case unmatched
}

/// Who may pass, and who may not.
package struct IdentityRules: Hashable, Sendable {
  package let allow: [IdentityRule]
  package let deny: [IdentityRule]

  package init(allow: [IdentityRule] = [], deny: [IdentityRule] = []) {
    self.allow = allow.enumerated().map { $0.element.placed("allow[\($0.offset)]") }
    self.deny = deny.enumerated().map { $0.element.placed("deny[\($0.offset)]") }
  }

  package var isEmpty: Bool { allow.isEmpty && deny.isEmpty }

  /// A rule that denies comes before all that allow. The first that matches decides.
  package func decide(_ peer: PeerIdentity) -> Decision {
    for rule in deny where rule.matches(peer) { return .refused(by: rule.description) }
    for rule in allow where rule.matches(peer) { return .allowed(by: rule.description) }
    return .unmatched
  }
}
