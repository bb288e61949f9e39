import X509

/// What RFC 5280 §6.1 asks of the certificates of a path together: path length, name constraints, policies and
/// nested key usages. Each certificate has been judged by ``CertificateRules``, and the signatures are checked.
struct ChainRules {
  var purpose: Purpose?
  var usages: [ExtendedKeyUsage.Usage] = []
  var maxPathLength: Int?

  /// The first violation.
  ///
  /// - Parameters:
  ///   - path: from the leaf to the anchor, at least two certificates.
  ///   - comparisons: how many comparisons of a name with a constraint are left; what was spent is taken off.
  func violation(_ path: [CertificateFacts], comparisons: inout Int) -> (reason: Reason, index: Int)? {
    lengths(path) ?? usageNesting(path) ?? constraints(path, &comparisons) ?? policies(path)
  }

  /// Whether a leaf below this chain is too far down for one of its path lengths, whatever else the leaf is.
  func exceedsPathLength(above chain: [CertificateFacts]) -> Bool { lengths(chain.prefix(1) + chain) != nil }

  private func lengths(_ path: [CertificateFacts]) -> (Reason, Int)? {
    var following = 0
    for (index, facts) in path.enumerated().dropFirst() {
      // `following` counts the intermediates between this certificate and the leaf that aren't self-issued.
      if let limit = facts.basicConstraints?.pathLength, following > limit { return (.pathLength(limit: limit), index) }
      if index < path.count - 1, !facts.isSelfIssued { following += 1 }
    }
    if let maxPathLength, following > maxPathLength { return (.pathTooLong(limit: maxPathLength), 0) }
    return nil
  }

  /// An authority with extendedKeyUsage certifies for those purposes alone.
  private func usageNesting(_ path: [CertificateFacts]) -> (Reason, Int)? {
    let required = (purpose.map { [$0.usage] } ?? []) + usages
    for (index, facts) in path.enumerated().dropFirst() {
      guard let present = facts.extendedKeyUsage, !present.contains(.any),
        let missing = required.first(where: { !present.contains($0) })
      else { continue }
      return (.extendedKeyUsage(required: missing.description, present: present.map(\.description)), index)
    }
    return nil
  }

  private func constraints(_ path: [CertificateFacts], _ comparisons: inout Int) -> (Reason, Int)? {
    var rules = NameConstraintRules(limit: comparisons)
    defer { comparisons = rules.comparisonsLeft }
    for (index, facts) in path.enumerated().reversed() {
      let isAnchor = index == path.count - 1
      // §6.1.3 (b): self-issued certificates are exempt, the leaf never.
      if !isAnchor, index == 0 || !facts.isSelfIssued, let reason = rules.violation(facts) { return (reason, index) }
      if index > 0, let reason = rules.add(facts.nameConstraints) { return (reason, index) }
    }
    return nil
  }

  private func policies(_ path: [CertificateFacts]) -> (Reason, Int)? {
    guard path.contains(where: { !$0.policies.isEmpty }) else { return nil }
    var rules = PolicyRules(count: path.count - 1)
    for (index, facts) in path.enumerated().dropLast().reversed() {
      if let reason = rules.process(facts, isLeaf: index == 0) { return (reason, index) }
    }
    return nil
  }
}
