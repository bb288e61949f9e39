import X509

/// What the verifier asks of its peer's certificate: purpose and names. These don't depend on the path.
struct LeafRules {
  var purpose: Purpose?
  var usages: [ExtendedKeyUsage.Usage]
  var keyUsages: [RequiredKeyUsage]
  var names: [ReferenceName]
  var rules: RuleSet

  func violation(_ facts: CertificateFacts) -> Reason? {
    if let reason = usage(facts) ?? keyUsage(facts) { return reason }
    for name in names {
      if let reason = mismatch(name, facts) { return reason }
    }
    return nil
  }

  private func usage(_ facts: CertificateFacts) -> Reason? {
    guard let present = facts.extendedKeyUsage else { return nil }
    // RFC 5280 §4.2.1.12 lets an application take anyExtendedKeyUsage for its own; the browsers' rules forbid it before.
    func isMissing(_ usage: ExtendedKeyUsage.Usage) -> Bool { !present.contains(usage) && !present.contains(.any) }
    let missing = purpose.flatMap { isMissing($0.usage) ? $0.usage : nil } ?? usages.first(where: isMissing)
    guard let missing else { return nil }
    return .extendedKeyUsage(required: missing.description, present: present.map(\.description))
  }

  private func keyUsage(_ facts: CertificateFacts) -> Reason? {
    guard let usage = facts.keyUsage else { return nil }
    if let missing = keyUsages.first(where: { !$0.isAsserted(in: usage) }) {
      return .keyUsage(missing: missing.rawValue)
    }
    // An authority's key usage is about certificates; whether its key may also serve TLS is left to TLS.
    if facts.isAuthority { return nil }
    // What TLS needs of the key: signing, or, at a server of TLS 1.2, key transport or agreement.
    switch purpose {
    case .server? where !(usage.digitalSignature || usage.keyEncipherment || usage.keyAgreement),
      .client? where !(usage.digitalSignature || usage.keyAgreement):
      return .keyUsage(missing: RequiredKeyUsage.digitalSignature.rawValue)
    default: return nil
    }
  }

  /// Names are looked for in the subjectAltName alone, under either rule set: RFC 9525 §1.4 ended the common name's use.
  private func mismatch(_ name: ReferenceName, _ facts: CertificateFacts) -> Reason? {
    let presented = facts.alternativeNames ?? []
    guard !presented.contains(where: name.matches) else { return nil }
    return .nameMismatch(expected: name.text, presented: presented.map(\.plainText))
  }
}

extension CertificateInput {
  /// Why this certificate does not name a peer; nil where it does. Says nothing about trust.
  package func nameMismatch(_ name: ReferenceName) -> Reason? {
    switch self {
    case .unusable(let unusable): return unusable.reason
    case .parsed(let certificate):
      return LeafRules(purpose: nil, usages: [], keyUsages: [], names: [name], rules: .rfc5280)
        .violation(CertificateFacts(certificate))
    }
  }
}
