import Credentials
package import Enrolment
package import Foundation
import HTTPTypes
package import Ledger
import Synchronization

/// A join token: HTTP Basic with the invitation's ID as the user and its secret as the password.
package final class InvitationAdmission: AdmissionMethod {
  private static let rule = "admission.tokens"
  /// Invitations are looked up once: what of them is used here never changes. How often one was used, and whether it was
  /// withdrawn, the ledger looks at when the certificate is reserved.
  private static let mostKnown = 4096

  private let invitations: any InvitationLog
  private let known = Mutex<[String: Invitation]>([:])

  package init(invitations: any InvitationLog) { self.invitations = invitations }

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard snapshot.configuration.admission.tokens, case .enrol = request.operation,
      let credentials = request.credentials, TokenSecret.isID(credentials.user)
    else { return .notMine }
    let id = credentials.user
    let invitation = try await invitation(id)
    guard TokenSecret.matches(credentials.password, hash: invitation?.secretHash), let invitation else {
      let cause = invitation == nil ? "an unknown token" : "a wrong secret for token \(id)"
      return .refused(Refusal(.wrongCredentials, rule: Self.rule, cause: cause, kind: .token))
    }
    guard now < invitation.expiresAt else {
      return .refused(Refusal(.invitationExpired, rule: Self.rule))
    }
    let admission = Ledger.Admission(
      kind: .token, rule: Self.rule, claim: .invitation(id: id), source: request.source)
    return .admitted(admission, bounds: NameBounds(invitation.scope))
  }

  private func invitation(_ id: String) async throws(LedgerError) -> Invitation? {
    if let invitation = known.withLock({ $0[id] }) { return invitation }
    guard let invitation = try await invitations.invitation(id) else { return nil }
    known.withLock { known in
      if known.count >= Self.mostKnown { known.removeAll(keepingCapacity: true) }
      known[id] = invitation
    }
    return invitation
  }
}

extension NameBounds {
  /// What an invitation permits. One that names a node is good for that name; one that names nothing leaves all to the
  /// policy.
  package init(_ scope: Invitation.Scope) {
    var dns: [String]? = scope.dns.isEmpty ? nil : scope.dns
    if let name = scope.name { dns = (dns ?? []) + [name] }
    let isOpen = dns == nil && scope.organization == nil
    self.init(
      commonName: scope.name, organization: scope.organization, dns: dns, leavesOthersToPolicy: isOpen)
  }
}
