import Ledger
package import ServiceLifecycle

/// Everything that has to do with getting a certificate, put together.
package struct EnrolmentParts: Sendable {
  package let service: EnrolmentService
  package let limits: EnrolmentLimits
  package let nonces: NonceBook
  let decisions: DecisionLog
  private let core: OrchestratorCore

  package init(core: OrchestratorCore) {
    self.core = core
    limits = EnrolmentLimits(ledger: core.ledger, logger: core.logger)
    nonces = NonceBook()
    decisions = DecisionLog(core: core)
    // Credentials come first, because whoever sends them means them. Who has nothing to show comes last, and waits.
    service = EnrolmentService(
      core: core,
      methods: [
        RenewalAdmission(nodes: core.ledger, revocations: core.revocations),
        LateRenewalAdmission(catalog: core.ledger, nonces: nonces),
        InvitationAdmission(invitations: core.ledger),
        PasswordAdmission(limits: limits),
        CredentialsRefusal(),
        PartnerAdmission(),
        ApprovalAdmission(ledger: core.ledger),
      ], gate: limits, decisions: decisions)
  }

  package var routes: [any RouteProvider] {
    [
      ESTRoutes(core: core, enrolment: service), LateRenewalRoutes(core: core, enrolment: service, nonces: nonces),
    ]
  }
  package var services: [any Service] { [decisions] }
}

extension EnrolmentLimits: EnrolmentGate {}
