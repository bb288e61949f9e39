package import Credentials
package import X509

/// Who is let in, and how: the `admission` part of orchestrator.yaml. What is nil or false is not offered.
package struct AdmissionRules: Hashable, Sendable {
  package var tokens: Bool
  package var passwords: Passwords?
  package var approval: Approval?
  package var partners: [Partner]
  package var renewal: Renewal

  package init(
    tokens: Bool = false, passwords: Passwords? = nil, approval: Approval? = nil, partners: [Partner] = [],
    renewal: Renewal = Renewal()
  ) {
    self.tokens = tokens
    self.passwords = passwords
    self.approval = approval
    self.partners = partners
    self.renewal = renewal
  }

  /// Passwords of agents, each good until its agent has its first certificate.
  package struct Passwords: Hashable, Sendable {
    /// By agent name: what ``PasswordFile/parse(_:)`` read.
    package var hashes: [String: ScryptHash]

    package init(hashes: [String: ScryptHash]) { self.hashes = hashes }
  }

  /// Requests without any proof, which wait for an operator.
  package struct Approval: Hashable, Sendable {
    /// Who may wait at all.
    package var names: [NamePattern]
    package var expiresAfter: Duration

    package init(names: [NamePattern], expiresAfter: Duration) {
      self.names = names
      self.expiresAfter = expiresAfter
    }
  }

  /// Nodes of another organisation, known by certificates of its own authority.
  package struct Partner: Hashable, Sendable {
    package var organization: String
    package var trust: [Certificate]
    /// DNS names, or suffixes that begin with a dot.
    package var dns: [String]

    package init(organization: String, trust: [Certificate], dns: [String]) {
      self.organization = organization
      self.trust = trust
      self.dns = dns
    }
  }

  package struct Renewal: Hashable, Sendable {
    /// How long after its end a certificate can still be renewed with its key; nil for never.
    package var late: Duration?

    package init(late: Duration? = nil) { self.late = late }
  }
}
