extension IssuancePolicy {
  /// Whether a rule that permits all of a grant names one of its addresses or URIs outright: an address by a range, a
  /// URI by a pattern with its scheme. A `*` alone names nothing.
  package func namesOutright(_ name: SubjectName, of grant: Grant, as admission: AdmissionKind) -> Bool {
    rules.contains { rule in
      guard let patterns = rule.names, rule.refusal(of: grant, as: admission) == nil else { return false }
      return patterns.contains { $0.isOutright(for: name) && $0.matches(name.text) }
    }
  }
}

extension NamePattern {
  fileprivate func isOutright(for name: SubjectName) -> Bool {
    switch (self, name) {
    case (.range, .ip): true
    case (.text(let pattern), .uri): pattern.prefix { $0 != "*" }.contains(":")
    case (.text(let pattern), .dns): pattern.contains { $0 != "*" }
    default: false
    }
  }
}
