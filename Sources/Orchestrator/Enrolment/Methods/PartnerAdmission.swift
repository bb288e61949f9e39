import Credentials
import Enrolment
package import Foundation
import HTTPTypes
import Ledger

/// A node of another organisation, by a certificate of its own authority: it gets one of ours for its own organization
/// and under its own DNS names.
package struct PartnerAdmission: AdmissionMethod {
  package init() {}

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard case .enrol = request.operation, let peer = request.peer, case .partner(let organization) = peer.origin
    else { return .notMine }
    // Connections outlive configurations: what the handshake found may hold no more.
    guard let partner = snapshot.configuration.admission.partners.first(where: { $0.organization == organization })
    else { return .refused(Self.refusal("\(organization) is not a partner any more")) }
    if let rejection = partner.rejection(of: peer.certificate, intermediates: peer.intermediates, at: now) {
      return .refused(Self.refusal("the certificate of \(organization) is not valid: \(rejection.message)"))
    }
    let admission = Ledger.Admission(
      kind: .partner, rule: "\(Self.rule).\(organization)", source: request.source)
    return .admitted(admission, bounds: partner.bounds)
  }

  private static let rule = "admission.partners"

  private static func refusal(_ cause: String) -> Refusal {
    Refusal(
      Problem(.forbidden, .forbidden, "The client certificate is not valid here."), rule: rule, cause: cause)
  }
}
