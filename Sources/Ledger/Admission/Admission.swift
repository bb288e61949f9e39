package import Credentials

/// How a live request came to be trusted, as it is written down with the certificate.
package struct Admission: Sendable, Hashable {
  package var kind: AdmissionKind
  /// The rule of the configuration that let it in, and the rule of the policy that allowed its names.
  package var rule: String
  /// What is used up by this certificate.
  package var claim: Claim?
  /// The address that asked.
  package var source: String?

  package init(kind: AdmissionKind, rule: String, claim: Claim? = nil, source: String? = nil) {
    self.kind = kind
    self.rule = rule
    self.claim = claim
    self.source = source
  }

  /// What a certificate uses up. The ledger checks it and takes it in the transaction that reserves the serial, so that
  /// of fifty who try at once exactly as many win as may.
  package enum Claim: Sendable, Hashable {
    /// One use of an invitation that is not withdrawn and not expired.
    case invitation(id: String)
    /// The password of an agent that never had a certificate: its first one ends it.
    case password(name: String)
    /// A waiting request that an operator approved.
    case approval(id: String)
    /// The place of a certificate that is not revoked. With `isLatest` it must be its node's newest one.
    case renewal(of: SerialNumber, issuer: IssuerReference, isLatest: Bool)
  }
}
