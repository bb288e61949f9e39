import Foundation
import X509

/// What revocation lists say about the certificates of a path (RFC 5280 §6.3).
///
/// Where lists are given, one must answer for the leaf; the other certificates are judged by those that happen to cover
/// them. That is what `openssl verify -crl_check` asks for.
struct RevocationStatus {
  var lists: [CertificateRevocationList]
  var time: Date
  var acceptsExpired = false

  /// The first certificate of the path that is revoked, or the leaf when nothing is known of it.
  func violation(_ path: [CertificateFacts]) -> (reason: Reason, index: Int)? {
    guard !lists.isEmpty else { return nil }
    for index in path.indices.dropLast() {
      switch status(path[index], issuer: path[index + 1]) {
      case .good: continue
      case .revoked(let entry): return (.revoked(entry.date, entry.reason), index)
      case .unknown(let reason):
        if index == 0 { return (reason, index) }
      }
    }
    return nil
  }

  private enum Answer {
    case good
    case revoked(RevokedCertificate)
    case unknown(Reason)
  }

  private func status(_ facts: CertificateFacts, issuer: CertificateFacts) -> Answer {
    var problem: Reason?
    var isKnown = false
    for list in lists where NormalizedName(list.issuer) == facts.issuer && covers(list, facts) {
      if let defect = unusable(list, issuer) {
        problem = problem ?? defect
        continue
      }
      if let entry = list.entry(for: facts.certificate.serialNumber) { return .revoked(entry) }
      isKnown = true
    }
    if isKnown { return .good }
    return .unknown(problem ?? .revocationUnknown(issuer: facts.certificate.issuer.description))
  }

  private func covers(_ list: CertificateRevocationList, _ facts: CertificateFacts) -> Bool {
    if list.scope.onlyEndEntities, facts.isAuthority { return false }
    if list.scope.onlyAuthorities, !facts.isAuthority { return false }
    guard !list.scope.names.isEmpty else { return true }
    return list.scope.names.contains(where: facts.distributionPoints.contains)
  }

  private func unusable(_ list: CertificateRevocationList, _ issuer: CertificateFacts) -> Reason? {
    if let usage = issuer.keyUsage, !usage.cRLSign {
      return .revocationListUnusable("its issuer's keyUsage lacks cRLSign")
    }
    guard list.isSigned(by: issuer.certificate.publicKey) else {
      let name = issuer.certificate.subject.description
      return .revocationListUnusable("not signed by the key of \(name)")
    }
    if let defect = list.defect { return defect }
    if time < list.thisUpdate { return .revocationListUnusable("not valid before \(rfc3339(list.thisUpdate))") }
    if !acceptsExpired, let next = list.nextUpdate, time > next {
      return .revocationListUnusable("expired \(rfc3339(next))")
    }
    return nil
  }
}
