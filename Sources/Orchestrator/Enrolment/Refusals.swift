import Credentials
import Foundation
package import HTTPTypes
import Ledger
import X509

extension Problem {
  /// HTTP Basic, for tokens and passwords (RFC 7617, RFC 7030 §3.2.3).
  package static let basicChallenge: HTTPFields = [
    .wwwAuthenticate: "Basic realm=\"countersign\", charset=\"UTF-8\""
  ]

  /// Nothing in the request speaks for it.
  package static let credentialsMissing = Problem(
    .unauthenticated, .unauthorized, "a token, a password or a client certificate is needed", headers: basicChallenge)

  /// The same answer for a name that is unknown and for a secret that is wrong.
  package static let wrongCredentials = Problem(
    .unauthenticated, .unauthorized, "the credentials are not valid", headers: basicChallenge)
}

extension Refusal {
  /// A refusal of the policy or the issuer. Who was admitted may know the reason.
  init(_ error: IssuanceError) {
    let rule = if case .refusedByPolicy(let rule, _) = error { "policy \(rule)" } else { "issuer" }
    self.init(Problem(.forbidden, .forbidden, error.message), rule: rule, cause: error.message)
  }

  /// What was to be used up isn't there any more.
  init(_ refusal: ClaimRefusal, rule: String) {
    let problem: Problem =
      switch refusal {
      case .invitationUnknown: .wrongCredentials
      // Another poll of the same client was faster, and has the certificate.
      case .approvalMissing:
        Problem(.conflict, .conflict, "the request is being answered; ask again", headers: [.retryAfter: "1"])
      case .invitationSpent, .invitationExpired, .invitationWithdrawn, .passwordSpent, .certificateRevoked,
        .certificateSuperseded, .nodeShutOut:
        Problem(.forbidden, .forbidden, refusal.message)
      }
    self.init(problem, rule: rule, cause: refusal.message, isAlarm: refusal == .certificateSuperseded)
  }
}

extension Ledger.Admission {
  /// Who asked, as the record names it.
  var requester: String {
    switch claim {
    case .invitation(let id): "invitation \(id)"
    case .password(let name): "password of \(name)"
    case .approval(let id): "approval \(id)"
    case .renewal(let serial, _, _): "certificate \(serial.hex)"
    case nil: kind.rawValue
    }
  }
}

extension DistinguishedName {
  /// The node that a subject names; nil without a common name.
  var node: NodeRecord.Key? { commonName.map { NodeRecord.Key(name: $0, organization: organization) } }
}

/// Where credentials were sent that no way of admission takes, the answer is that of wrong ones.
struct CredentialsRefusal: AdmissionMethod {
  func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard request.credentials != nil else { return .notMine }
    return .refused(
      Refusal(.wrongCredentials, rule: "admission", cause: "credentials of a kind that is not offered"))
  }
}
