import X509

/// Why paths failed, and which of them came furthest.
struct FailureRecord {
  private struct Failure {
    var reason: Reason
    var path: [Certificate]
    var subject: String?
    var reachedAnchor: Bool
  }

  /// Enough to explain; a hostile set of certificates has thousands.
  private static let limit = 16

  private var best: Failure?
  private var others: [Reason] = []
  private var exhaustion: Reason?

  mutating func add(
    _ reason: Reason, path: [CertificateFacts], about facts: CertificateFacts, reachedAnchor: Bool = false
  ) {
    add(
      Failure(
        reason: reason, path: path.map(\.certificate), subject: facts.certificate.subject.description,
        reachedAnchor: reachedAnchor))
  }

  /// An issuer that was there but couldn't be used explains more than that none was found.
  mutating func addCause(_ reason: Reason, path: [CertificateFacts], subject: String?) {
    add(Failure(reason: reason, path: path.map(\.certificate), subject: subject, reachedAnchor: true))
  }

  var isExhausted: Bool { exhaustion != nil }

  mutating func exhausted(_ what: String) { exhaustion = exhaustion ?? .searchLimit(what) }

  func rejection(_ leaf: CertificateFacts) -> Rejection {
    let subject = leaf.certificate.subject.description
    guard let best else {
      return Rejection(
        exhaustion ?? .unknownIssuer(leaf.certificate.issuer.description), path: [leaf.certificate], subject: subject)
    }
    if let exhaustion {
      return Rejection(exhaustion, underlying: [best.reason] + others, path: best.path, subject: subject)
    }
    return Rejection(best.reason, underlying: others, path: best.path, subject: best.subject)
  }

  private mutating func add(_ failure: Failure) {
    guard let current = best else {
      best = failure
      return
    }
    if rank(failure) > rank(current) {
      best = failure
      note(current.reason)
    } else if failure.reason != current.reason {
      note(failure.reason)
    }
    if let reason = best?.reason { others.removeAll { $0 == reason } }
  }

  private mutating func note(_ reason: Reason) {
    if others.count < Self.limit, !others.contains(reason) { others.append(reason) }
  }

  private func rank(_ failure: Failure) -> Int { (failure.reachedAnchor ? 1_000 : 0) + failure.path.count }
}
