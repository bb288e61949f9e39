package import Credentials
import Crypto
package import Enrolment
package import Foundation
import HTTPTypes
package import Ledger

/// A request without any proof waits until an operator has compared its pairing code. The client asks again with the
/// same request (RFC 7030 §4.2.3).
///
/// The pairing code is not in the answer: the client has to compute it from the root that it trusts and the key that it
/// made, else it would compare what somebody in between told it.
package struct ApprovalAdmission: AdmissionMethod {
  package typealias Queue = RequestQueue & NodeCatalog & CertificateCatalog

  /// How many requests may wait at once.
  package static let mostWaiting = 1000
  package static let retryAfter: Duration = .seconds(15)
  private static let rule = "admission.approval"

  private let ledger: any Queue

  package init(ledger: any Queue) { self.ledger = ledger }

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard case .enrol = request.operation, request.credentials == nil,
      let approval = snapshot.configuration.admission.approval, approval.permits(request.request)
    else { return .notMine }
    let id = Self.id(of: request.der)
    let known = try await ledger.pendingRequest(id)
    if let known, known.request == request.der {
      if known.state == .issued { return try await answerAgain(request) }
      if known.expiresAt > now { return outcome(of: known, source: request.source) }
    }
    let authorized: AuthorizedRequest
    do {
      // An operator is not asked about what would be refused afterwards.
      authorized = try request.authorized(as: .approval, profile: request.profile, in: snapshot)
      try snapshot.authority.signing.issuer.checkNames(authorized.grant)
    } catch {
      return .refused(Refusal(error))
    }
    return try await submit(request, authorized.grant, approval, snapshot.authority, at: now)
  }

  private func submit(
    _ request: EnrolmentRequest, _ grant: Grant, _ approval: AdmissionRules.Approval, _ authority: LiveAuthority,
    at now: Date
  ) async throws -> AdmissionOutcome {
    let pending = PendingRequest(
      id: Self.id(of: request.der), name: request.request.title, organization: grant.subject.organization,
      names: grant.names.map(\.description), request: request.der,
      pairingCode: try authority.pairingCode(of: request.request).description, source: request.source, createdAt: now,
      expiresAt: now.addingTimeInterval(Double(approval.expiresAfter.components.seconds)))
    let waiting: PendingRequest
    do {
      waiting = try await ledger.submit(pending, mostWaiting: Self.mostWaiting, at: now)
    } catch {
      guard case .queueFull = error else { throw error }
      return .refused(Self.queueFull)
    }
    return outcome(of: waiting, source: request.source)
  }

  private static let queueFull = Refusal(
    Problem(
      .unavailable, .serviceUnavailable, "too many requests wait for an operator", headers: [.retryAfter: "60"]),
    rule: rule, cause: "\(mostWaiting) requests wait already", kind: .approval)

  private func outcome(of pending: PendingRequest, source: String) -> AdmissionOutcome {
    switch pending.state {
    case .waiting: return .waiting(pending, retryAfter: Self.retryAfter)
    case .approved:
      return .admitted(
        Ledger.Admission(kind: .approval, rule: Self.rule, claim: .approval(id: pending.id), source: source),
        bounds: .none)
    case .denied, .issued:
      return .refused(
        Refusal(
          Problem(.forbidden, .forbidden, "an operator has denied this request"), rule: Self.rule,
          cause: "request \(pending.id) was denied", kind: .approval))
    }
  }

  /// The certificate was issued; the answer was perhaps lost. The same request gets the same certificate: it is of use
  /// only to whoever has the key.
  private func answerAgain(_ request: EnrolmentRequest) async throws -> AdmissionOutcome {
    if let node = request.request.subject.node {
      for entry in try await ledger.certificates(of: node, limit: 10) where entry.state == .issued {
        for record in try await ledger.records(of: entry.serial) where record.reservation.request == request.der {
          if let issuance = record.issuance { return .repeated(certificate: issuance.certificate) }
        }
      }
    }
    return .refused(
      Refusal(
        Problem(.conflict, .conflict, "this request has its certificate; make another request with a new key"),
        rule: Self.rule, cause: "the request was answered before", kind: .approval))
  }

  /// As ``PendingRequest/id``.
  package static func id(of der: [UInt8]) -> String { SHA256.hash(data: der).prefix(8).hexadecimal }
}

extension AdmissionRules.Approval {
  /// Whether a request may wait at all: all of its names must be among the patterns.
  func permits(_ request: VerifiedRequest) -> Bool {
    let asked = (request.subject.commonName.map { [$0] } ?? []) + request.names.map(\.text)
    return asked.allSatisfy { name in names.contains { $0.matches(name) } }
  }
}

extension LiveAuthority {
  /// What an operator compares for a request: see ``PairingCode``.
  package func pairingCode(of request: VerifiedRequest) throws -> PairingCode {
    PairingCode(root: try roots.last?.derBytes() ?? [], request: request)
  }
}
