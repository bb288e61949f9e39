import X509

/// Looks for a path from a leaf to the trust bundle, depth first, each step judged before its signature is checked,
/// and all of it within ``SearchLimits``.
struct PathBuilder {
  private let request: PathRequest
  private let rules: CertificateRules
  private let chainRules: ChainRules
  private let status: RevocationStatus
  private var anchors: CandidatePool
  private var intermediates: CandidatePool
  /// What is wrong with each candidate by itself. A candidate is of one pool, and so always in the same place.
  private var judged: [ObjectIdentifier: Reason?] = [:]
  private var checks: SignatureChecks
  private var stepsLeft: Int
  private var comparisonsLeft: Int
  private var failures = FailureRecord()

  /// - Parameter checks: with those that the leaf by itself took.
  init(_ request: PathRequest, checks: SignatureChecks) {
    self.request = request
    self.checks = checks
    rules = CertificateRules(rules: request.rules, time: request.time)
    chainRules = ChainRules(
      purpose: request.purpose, usages: request.usages, maxPathLength: request.maxPathLength)
    status = RevocationStatus(
      lists: request.revocationLists, time: request.time, acceptsExpired: request.acceptsExpiredLists)
    anchors = CandidatePool(request.trust)
    // A root sent along with the chain is an anchor or nothing.
    let trusted = Set(request.trust)
    intermediates = CandidatePool(request.intermediates.filter { !trusted.contains($0) })
    stepsLeft = request.limits.steps
    comparisonsLeft = request.limits.nameComparisons
  }

  /// The first path that holds, or why none does.
  mutating func build(from leaf: CertificateFacts) -> Verdict {
    guard let path = extend([leaf])?.map(\.certificate) else { return .rejected(failures.rejection(leaf)) }
    // A root that is asked about itself is its own anchor, once.
    return .accepted(path: path.count == 2 && path.first == path.last ? Array(path.prefix(1)) : path)
  }

  private var isExhausted: Bool { failures.isExhausted }

  private mutating func extend(_ path: [CertificateFacts]) -> [CertificateFacts]? {
    guard let last = path.last else { return nil }
    let anchored = anchors.candidates(issuing: last)
    for index in anchored {
      if let complete = complete(path, index) { return complete }
      if isExhausted { return nil }
    }
    let next = intermediates.candidates(issuing: last)
    if anchored.isEmpty, next.isEmpty { recordDeadEnd(path, last) }
    guard path.count <= request.limits.depth else {
      if !next.isEmpty { failures.add(.pathTooLong(limit: request.limits.depth), path: path, about: last) }
      return nil
    }
    for index in next {
      guard let extended = step(path, index) else {
        if isExhausted { return nil }
        continue
      }
      if let complete = extend(extended) { return complete }
      if isExhausted { return nil }
    }
    return nil
  }

  /// Ends the path at an anchor and judges the whole.
  private mutating func complete(_ path: [CertificateFacts], _ index: Int) -> [CertificateFacts]? {
    guard spendStep(), let last = path.last, let anchor = anchors.facts(index) else { return nil }
    let whole = path + [anchor]
    if let reason = violation(anchor, in: .anchor) {
      failures.add(reason, path: whole, about: anchor, reachedAnchor: true)
      return nil
    }
    guard isSigned(last, by: anchor) else {
      recordBadSignature(path, by: anchor)
      return nil
    }
    if let violation = chainRules.violation(whole, comparisons: &comparisonsLeft) ?? status.violation(whole) {
      failures.add(violation.reason, path: whole, about: whole[violation.index], reachedAnchor: true)
      return nil
    }
    return whole
  }

  /// Adds an intermediate to the path, when it may stand there and signed the one below it.
  private mutating func step(_ path: [CertificateFacts], _ index: Int) -> [CertificateFacts]? {
    guard spendStep(), let last = path.last, let candidate = intermediates.facts(index) else { return nil }
    // RFC 4158 §5.2: the same name and key again is a loop, whatever certificate holds them.
    let isLoop = path.contains {
      $0.subject == candidate.subject && $0.certificate.publicKey == candidate.certificate.publicKey
    }
    guard !isLoop else { return nil }
    let extended = path + [candidate]
    if let reason = violation(candidate, in: .intermediate) {
      if !isExhausted { failures.add(reason, path: extended, about: candidate) }
      return nil
    }
    guard isSigned(last, by: candidate) else {
      recordBadSignature(path, by: candidate)
      return nil
    }
    return extended
  }

  private mutating func spendStep() -> Bool {
    guard stepsLeft > 0 else {
      failures.exhausted("more than \(request.limits.steps) candidate certificates")
      return false
    }
    stepsLeft -= 1
    return true
  }

  /// What is wrong with a candidate by itself, found out once however many paths lead to it.
  private mutating func violation(_ facts: CertificateFacts, in place: CertificateRules.Place) -> Reason? {
    let candidate = ObjectIdentifier(facts)
    if let known = judged[candidate] { return known }
    let reason = rules.violation(facts, in: place, checks: &checks)
    if case .searchLimit(let what)? = reason { failures.exhausted(what) }
    judged.updateValue(reason, forKey: candidate)
    return reason
  }

  private mutating func isSigned(_ child: CertificateFacts, by issuer: CertificateFacts) -> Bool {
    guard let isSigned = checks.isSigned(child, by: issuer) else {
      failures.exhausted(checks.exhaustion)
      return false
    }
    return isSigned
  }

  private mutating func recordBadSignature(_ path: [CertificateFacts], by issuer: CertificateFacts) {
    guard !isExhausted, let last = path.last else { return }
    failures.add(.badSignature(issuer: issuer.certificate.subject.description), path: path, about: last)
  }

  private mutating func recordDeadEnd(_ path: [CertificateFacts], _ last: CertificateFacts) {
    if last.isSelfIssued {
      failures.add(.untrustedSelfSigned, path: path, about: last)
      return
    }
    let name = last.certificate.issuer.description
    failures.add(.unknownIssuer(name), path: path, about: last)
    for unusable in anchors.unusable(named: last.issuer) + intermediates.unusable(named: last.issuer) {
      failures.addCause(unusable.reason, path: path, subject: unusable.subject?.description)
    }
  }
}
