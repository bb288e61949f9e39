import Credentials
import Foundation
import Ledger
import Orchestrator

/// The status of all that a running orchestrator issued, and of its issuers.
struct RemoteStatus {
  let orchestrator: RemoteAdministration
  let judge: ExpiryJudge
  let warn: Duration
  let critical: Duration
  let listsAll: Bool

  func facts() async throws -> StatusFacts {
    let status = try await orchestrator.status(
      warnSeconds: Int(warn.components.seconds), criticalSeconds: Int(critical.components.seconds))
    let counts = status.certificates
    var items = status.issuers.compactMap { issuer in
      API.time(issuer.notAfter).map {
        StatusItem(
          issuer.subject, names: [], serial: issuer.serial, notAfter: $0, source: "issuer-\(issuer.number)",
          judge: judge)
      }
    }
    // An intermediate was issued there too: it counts once, as an issuer.
    let issuers = Set(items.compactMap(\.serial))
    var summary = StatusFacts.Summary()
    for item in items where try await !isRecorded(item) { summary.count(item) }
    summary.ok += counts.good
    summary.warning += counts.warning
    summary.critical += counts.critical
    summary.expired += counts.expired
    summary.revoked = counts.revoked
    summary.superseded = counts.superseded
    summary.neverIssued = counts.neverIssued
    let current = counts.good + counts.warning + counts.critical + counts.expired
    let shows = listsAll || current <= LedgerStatus.listLimit
    var query = API.CertificateQuery(limit: API.mostEntries)
    query.state = .issued
    query.excludesSuperseded = true
    query.expiringBefore = shows ? nil : judge.warning
    for certificate in try await orchestrator.allCertificates(query) where !issuers.contains(certificate.serial) {
      guard let notAfter = API.time(certificate.notAfter), !certificate.renewsItself || notAfter >= judge.now else {
        continue
      }
      let item = StatusItem(
        certificate.subject, names: certificate.names, serial: certificate.serial, notAfter: notAfter,
        source: "ledger", judge: judge,
        renewedSince: certificate.renewsItself ? API.time(certificate.notBefore) : nil)
      if shows || item.level > .ok { items.append(item) }
    }
    return StatusFacts(items: items, summary: summary, unlisted: shows ? 0 : counts.good, judge: judge)
  }

  /// Whether an issuer is among the certificates that were counted; a root, and one that was imported, isn't.
  private func isRecorded(_ issuer: StatusItem) async throws -> Bool {
    guard let serial = issuer.serial else { return false }
    do {
      return try await orchestrator.certificate(serial).certificate.state == CertificateState.issued.rawValue
    } catch let error as CommandError where error.kind == .refused {
      return false
    }
  }
}
