import Credentials
import Foundation
import Ledger

/// Has a request signed because an operator says so: within the policy, and into the record like any other.
struct OperatorSigning: Sendable {
  private static let rule = "operator"

  let core: OrchestratorCore
  let decisions: DecisionLog

  /// - Parameters:
  ///   - actor: who proved to be an operator.
  ///   - source: the address that asks.
  /// - Returns: what was issued.
  /// - Throws: ``Problem`` for a refusal, which is in the record then; what keeps the service from deciding.
  func sign(_ wish: API.SigningWish, by actor: String, from source: String) async throws -> IssuedCertificate {
    let snapshot = core.current
    let now = core.clock()
    let grant = try core.administrationSetting.grant(
      wish.request, profile: wish.profile, lifetimeSeconds: wish.lifetimeSeconds)
    do {
      let issued = try await issue(grant, in: snapshot, by: actor, from: source, at: now)
      core.metrics.admission(.operator, outcome: "admitted")
      core.metrics.issued(.operator)
      return issued
    } catch let refusal as Refusal {
      core.metrics.admission(.operator, outcome: "refused", reason: refusal.problem.kind.rawValue)
      await decisions.refused(refusal, name: "\(grant.subject)", source: actor, at: now)
      throw refusal.problem
    }
  }

  private func issue(
    _ grant: Grant, in snapshot: OrchestratorCore.Snapshot, by actor: String, from source: String, at now: Date
  ) async throws -> IssuedCertificate {
    let signing = snapshot.authority.signing
    let issuing = RecordedIssuing(issuer: signing.issuer, reference: signing.reference, log: core.ledger)
    do {
      let authorized = try snapshot.configuration.policy.authorize(grant, as: .operator)
      return try await issuing.issue(
        authorized, der: try grant.request.signed.derBytes(), serials: core.serials, by: actor,
        admission: Ledger.Admission(
          kind: .operator, rule: "\(Self.rule), policy \(authorized.rule)", source: source), at: now)
    } catch LedgerError.claimRefused(let refusal) {
      throw Refusal(refusal, rule: Self.rule)
    } catch let error as IssuanceError where error.kind == .refused {
      throw Refusal(error)
    }
  }
}
