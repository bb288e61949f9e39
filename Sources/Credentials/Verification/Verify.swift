package import Foundation
import Synchronization
package import X509

/// Builds and judges a certification path (RFC 5280 §6, RFC 9525). Pure, and bounded by the request's limits.
package func verify(_ request: PathRequest) -> Verdict {
  switch request.leaf {
  case .unusable(let unusable):
    return .rejected(Rejection(unusable.reason, subject: unusable.subject?.description))
  case .parsed(let certificate):
    let leaf = CertificateFacts(certificate)
    let rules = CertificateRules(rules: request.rules, time: request.time)
    let asked = LeafRules(
      purpose: request.purpose, usages: request.usages, keyUsages: request.keyUsages, names: request.names,
      rules: request.rules
    ).violation(leaf)
    var checks = SignatureChecks(limit: request.limits.signatureChecks)
    if let reason = rules.violation(leaf, in: .leaf, checks: &checks) { return .rejected(reject(leaf, reason, asked)) }
    if isTrustedItself(leaf, request) {
      return asked.map { .rejected(reject(leaf, $0)) } ?? .accepted(path: [certificate])
    }
    var builder = PathBuilder(request, checks: checks)
    let verdict = builder.build(from: leaf)
    guard let asked else { return verdict }
    guard var rejection = verdict.rejection else { return .rejected(reject(leaf, asked)) }
    rejection.underlying.append(asked)
    return .rejected(rejection)
  }
}

/// Judges a certificate that was just signed, by the rules that others will judge it by, for one signature check.
///
/// The issuer itself is not judged: an imported root may be older than today's rules, and its owner was told so.
package struct IssuedCertificateCheck: Sendable {
  private let chain: [CertificateFacts]
  private let rules: RuleSet
  /// Whether anything in the chain limits what stands directly below it.
  private let isLimiting: Bool
  /// The latest leaf that was found to be in order. Most of what the next one says is the same.
  private let latest = LatestLeaf()

  /// - Parameters:
  ///   - issuer: the certificate that signed.
  ///   - ancestors: the certificates above it, up to the root, which constrain it; none when it is the root.
  package init(issuer: Certificate, ancestors: [Certificate] = [], rules: RuleSet = .rfc5280) {
    chain = ([issuer] + ancestors).map { CertificateFacts($0) }
    self.rules = rules
    isLimiting =
      chain.contains { $0.nameConstraints != nil || $0.extendedKeyUsage != nil || !$0.policies.isEmpty }
      || ChainRules().exceedsPathLength(above: chain)
  }

  /// Which of the names that a certificate is to have the constraints above it forbid; nil where none.
  package func forbiddenName(subject: DistinguishedName, names: @autoclosure () -> [GeneralName]) -> Reason? {
    guard isLimiting else { return nil }
    var constraints = NameConstraintRules(limit: SearchLimits().nameComparisons)
    for facts in chain.reversed() {
      if let reason = constraints.add(facts.nameConstraints) { return reason }
    }
    return constraints.violation(subject: subject, alternativeNames: names())
  }

  /// - Parameters:
  ///   - certificate: decoded from the bytes that will be handed out; they, not the value they were made from, count.
  ///   - der: those bytes.
  ///   - purposes: what the certificate was asked to be good for.
  /// - Returns: why it must not be handed out, or nil.
  package func rejection(
    of certificate: Certificate, der: [UInt8]? = nil, at time: Date, purposes: [Purpose] = []
  ) -> Rejection? {
    guard let issuer = chain.first else { return nil }
    let leaf = CertificateFacts(certificate, der: der, parent: issuer, sibling: latest.facts)
    let rejection = rejection(of: leaf, issuer: issuer, at: time, purposes: purposes)
    if rejection == nil { latest.facts = leaf }
    return rejection
  }

  private func rejection(
    of leaf: CertificateFacts, issuer: CertificateFacts, at time: Date, purposes: [Purpose]
  ) -> Rejection? {
    let certificate = leaf.certificate
    let rules = CertificateRules(rules: self.rules, time: time)
    var checks = SignatureChecks(limit: SearchLimits().signatureChecks)
    if let reason = rules.violation(leaf, in: .leaf, checks: &checks) { return reject(leaf, reason) }
    guard leaf.issuer == issuer.subject else {
      return reject(leaf, .unknownIssuer(certificate.issuer.description))
    }
    guard issuer.certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
      return reject(leaf, .badSignature(issuer: issuer.certificate.subject.description))
    }
    for purpose in purposes {
      let asked = LeafRules(purpose: purpose, usages: [], keyUsages: [], names: [], rules: self.rules)
      if let reason = asked.violation(leaf) { return reject(leaf, reason) }
    }
    guard isLimiting else { return nil }
    let path = [leaf] + chain
    var comparisons = SearchLimits().nameComparisons
    let violation = ChainRules(usages: purposes.map(\.usage)).violation(path, comparisons: &comparisons)
    return violation.map { reject(path[$0.index], $0.reason) }
  }
}

/// Only remembered to save work: what is found out of a certificate is the same with and without it.
private final class LatestLeaf: Sendable {
  private let value = Mutex<CertificateFacts?>(nil)

  var facts: CertificateFacts? {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}

/// A self-issued certificate that isn't an authority's and stands in the trust bundle itself: a peer that is trusted by
/// its very certificate. RFC 5280 leaves open how trust in it came about; the browsers' rules know only roots.
private func isTrustedItself(_ leaf: CertificateFacts, _ request: PathRequest) -> Bool {
  request.rules == .rfc5280 && leaf.isSelfIssued && !leaf.isAuthority
    && request.trust.contains(.parsed(leaf.certificate))
}

private func reject(_ facts: CertificateFacts, _ reason: Reason, _ other: Reason? = nil) -> Rejection {
  Rejection(
    reason, underlying: other.map { [$0] } ?? [], path: [facts.certificate],
    subject: facts.certificate.subject.description)
}
