/// Why a certificate was not issued.
package enum IssuanceError: ExplainedError, Hashable {
  case refusedByPolicy(rule: String, reason: String)
  case outlivesIssuer(notAfter: String, issuerNotAfter: String)
  case issuerNotYetValid(issuerNotBefore: String)
  case nameNotPermitted(String)
  case notAnAuthority(String)
  case keyMismatch
  case mayNotCertifyAuthorities
  case ownOutputRejected(String)
  case signingFailed(String)

  package var message: String {
    switch self {
    case .refusedByPolicy(let rule, let reason): "refused by policy rule \(rule): \(reason)"
    case .outlivesIssuer(let notAfter, let issuerNotAfter):
      "the certificate would be valid until \(notAfter), beyond its issuer's own end, \(issuerNotAfter)"
    case .issuerNotYetValid(let notBefore): "the issuer is not valid before \(notBefore)"
    case .nameNotPermitted(let reason): "the issuer may not certify this: \(reason)"
    case .notAnAuthority(let reason): "the issuer's certificate can't sign others: \(reason)"
    case .keyMismatch: "the private key does not belong to the certificate"
    case .mayNotCertifyAuthorities: "no issuer in this home may sign another authority: their path length forbids it"
    case .ownOutputRejected(let reason): "the signed certificate did not pass our own verification: \(reason)"
    case .signingFailed(let reason): "signing failed: \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .refusedByPolicy:
      "the policy stands in config.yaml of the home; `countersign policy test FILE.csr` shows its answer without signing"
    case .outlivesIssuer: "choose a shorter --lifetime, or make the next issuer"
    case .issuerNotYetValid: "check this machine's clock"
    case .nameNotPermitted: "the issuer's name constraints are shown by `countersign ca show`"
    case .notAnAuthority: "use a CA certificate: basicConstraints CA:TRUE and keyUsage keyCertSign"
    case .keyMismatch: "`countersign inspect CERT KEY` shows which key belongs to which certificate"
    case .mayNotCertifyAuthorities: "create the root without --max-path 0"
    case .ownOutputRejected: "nothing was handed out; please report this with the output of `countersign ca show`"
    case .signingFailed: nil
    }
  }

  package var kind: FailureKind {
    switch self {
    case .keyMismatch, .notAnAuthority: .badInput
    case .signingFailed: .environment
    default: .refused
    }
  }
}
