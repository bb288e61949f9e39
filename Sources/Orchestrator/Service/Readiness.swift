import Credentials
import Foundation
import Ledger
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

  func report() async -> Report {
    let now = core.clock()
    let state = state.current
    let authority = core.current.authority
    return Report(
      [
        .init(name: "running", isOK: !state.isStopping, detail: state.isStopping ? "the service is stopping" : ""),
        await ledger(),
        validity("certificate", end: state.ownCertificateEnd, at: now),
        validity("issuer", end: authority.signing.issuer.certificate.notValidAfter, at: now),
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
    do {
      // A write that changes nothing of the record: it takes the lock, the log and the disk that issuing needs.
      try await core.ledger.saw([:])
      return .init(name: "ledger", isOK: true, detail: "")
    } catch {
      return .init(name: "ledger", isOK: false, detail: error.message)
    }
  }

  private func validity(_ name: String, end: Date?, at now: Date) -> Report.Check {
    guard let end else { return .init(name: name, isOK: false, detail: "there is none yet") }
    return .init(name: name, isOK: now < end, detail: "valid until \(rfc3339(end))")
  }
}
