import Credentials
import Crypto
import Enrolment
package import Foundation
import HTTPTypes
import Ledger

/// An agent's password (HTTP Basic, the agent's name as the user), good for the agent's first certificate.
///
/// It admits the name and nothing beside it: an agent that needs more names is invited.
package struct PasswordAdmission: AdmissionMethod {
  package let checks: PasswordChecks
  private let limits: EnrolmentLimits
  private let decoySeed: [UInt8]

  package init(checks: PasswordChecks = PasswordChecks(), limits: EnrolmentLimits) {
    self.checks = checks
    self.limits = limits
    decoySeed = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  }

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    let configuration = snapshot.configuration
    guard case .enrol = request.operation, let credentials = request.credentials,
      let passwords = configuration.admission.passwords
    else { return .notMine }
    let name = credentials.user
    if let problem = await limits.passwordAttempt(
      name: name, from: request.source, configuration.limits, at: now)
    {
      return .refused(Refusal(problem, rule: "limits.perIdentity", cause: "too many attempts with a password"))
    }
    let trial = PasswordTrial(
      name: name, password: credentials.password, among: passwords.hashes, decoySeed: decoySeed)
    let isRight: Bool
    do {
      isRight = try await checks.isRight(trial)
    } catch is PasswordChecks.Full {
      return .refused(Refusal(.busy(retryAfter: 2), rule: Self.rule, cause: "too many passwords to check at once"))
    }
    guard isRight else {
      // A name that isn't in the file may be a password that was typed in the wrong place.
      let cause = passwords.hashes[name] == nil ? "an unknown name" : "a wrong password for \(name)"
      return .refused(Refusal(.wrongCredentials, rule: Self.rule, cause: cause))
    }
    let admission = Ledger.Admission(
      kind: .password, rule: Self.rule, claim: .password(name: name), source: request.source)
    return .admitted(admission, bounds: NameBounds(commonName: name, dns: [name]))
  }

  private static let rule = "admission.passwords"
}
