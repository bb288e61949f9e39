import Credentials
import Foundation
import Ledger
import Synchronization
import X509

/// Whether the service can do its work now.
struct Readiness: Sendable {
  struct Report: Encodable, Hashable, Sendable {
    struct Check: Encodable, Hashable, Sendable {
      var name: String
      var isOK: Bool
      /// Why not; or, where it helps, what was found.
      var detail: String

      enum CodingKeys: String, CodingKey {
        case name
        case isOK = "ok"
        case detail
      }
    }

    var isReady: Bool
    var checks: [Check]

    init(_ checks: [Check]) {
      self.checks = checks
      isReady = checks.allSatisfy(\.isOK)
    }

    enum CodingKeys: String, CodingKey {
      case isReady = "ready"
      case checks
    }
  }

  let core: OrchestratorCore
  let state: ServiceState
  let publisher: CRLPublisher
  let connections: ConnectionRegistry
  /// The last look at the ledger: it writes, and anybody may ask.
  private let lastLook = LastLook()

  func report() async -> Report {
    let now = core.clock()
    let state = state.current
    let authority = core.current.authority
    return Report(
      [
        .init(name: "running", isOK: !state.isStopping, detail: state.isStopping ? "the service is stopping" : ""),
        await ledger(),
        validity("certificate", end: state.ownCertificateEnd, at: now),
        issuer(authority.signing.issuer.certificate, at: now),
      ] + authority.issuers.map(\.reference.ordinal).map { revocationList($0, at: now) })
  }

  /// Brings the measurements up to date that nobody reports by himself.
  func measure() async {
    let now = core.clock()
    core.metrics.process(.current())
    core.metrics.transport(connections.counters)
    core.metrics.revocations(core.revocations.count)
    if let end = state.current.ownCertificateEnd { core.metrics.ownCertificate(notAfter: end) }
    for issuing in core.current.authority.issuers {
      core.metrics.issuer("\(issuing.reference.ordinal)", notAfter: issuing.issuer.certificate.notValidAfter)
    }
    for list in publisher.lists {
      core.metrics.revocationList(
        issuer: "\(list.ordinal)", thisUpdate: list.thisUpdate, nextUpdate: list.nextUpdate, at: now)
    }
    if let waiting = try? await core.ledger.pendingRequests(.waiting, name: nil, at: now) {
      core.metrics.waitingRequests(waiting.count)
    }
  }

  private func revocationList(_ ordinal: Int, at now: Date) -> Report.Check {
    validity("crl of issuer \(ordinal)", end: publisher.lists.first { $0.ordinal == ordinal }?.nextUpdate, at: now)
  }

  private func ledger() async -> Report.Check {
    if let found = lastLook.fresh() { return found }
    let found = await lookAtLedger()
    lastLook.keep(found)
    return found
  }

  private func lookAtLedger() async -> Report.Check {
    do throws(LedgerError) {
      try await core.ledger.checkWritable()
      return .init(name: "ledger", isOK: true, detail: "")
    } catch {
      return .init(name: "ledger", isOK: false, detail: error.message)
    }
  }

  /// A clock that went back far enough makes it one of the future.
  private func issuer(_ certificate: Certificate, at now: Date) -> Report.Check {
    guard certificate.notValidBefore <= now else {
      return .init(name: "issuer", isOK: false, detail: "not valid before \(rfc3339(certificate.notValidBefore))")
    }
    return validity("issuer", end: certificate.notValidAfter, at: now)
  }

  private func validity(_ name: String, end: Date?, at now: Date) -> Report.Check {
    guard let end else { return .init(name: name, isOK: false, detail: "there is none yet") }
    return .init(name: name, isOK: now < end, detail: "valid until \(rfc3339(end))")
  }
}

/// What was found last, for a second.
private final class LastLook: Sendable {
  private let found = Mutex<(check: Readiness.Report.Check, at: ContinuousClock.Instant)?>(nil)

  func fresh() -> Readiness.Report.Check? {
    found.withLock { found in
      guard let found, ContinuousClock.now - found.at < .seconds(1) else { return nil }
      return found.check
    }
  }

  func keep(_ check: Readiness.Report.Check) { found.withLock { $0 = (check, .now) } }
}
