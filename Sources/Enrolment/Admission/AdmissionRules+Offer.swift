package import Credentials

extension AdmissionRules {
  /// What these rules say of a way in, before anybody brings evidence: whether it is offered at all, and to whom.
  ///
  /// What only the evidence says (a token's scope, whether a password is right) is not judged.
  package func offer(_ grant: Grant, as admission: AdmissionKind) -> Decision {
    let rule = admission.configurationKey
    if let reason = refusal(of: grant, as: admission) { return .deny(rule: rule, reason: reason) }
    return .allow(rule: rule)
  }

  private func refusal(of grant: Grant, as admission: AdmissionKind) -> String? {
    let name = grant.subject.commonName ?? ""
    switch admission {
    case .desk, .operator, .service: return nil
    case .renewal: return nil
    case .token: return tokens ? nil : "tokens are not offered"
    case .lateRenewal: return renewal.late == nil ? "late renewal is not offered" : nil
    case .password:
      guard let passwords else { return "passwords are not offered" }
      return passwords.hashes[name] == nil ? "there is no password for \"\(name)\"" : nil
    case .approval:
      guard let approval else { return "approval by an operator is not offered" }
      return approval.refusal(of: grant)
    case .partner: return partnerRefusal(of: grant)
    }
  }

  private func partnerRefusal(of grant: Grant) -> String? {
    guard !partners.isEmpty else { return "there are no partners" }
    let organization = grant.subject.organization ?? ""
    guard let partner = partners.first(where: { $0.organization == organization }) else {
      return "no partner is called \"\(organization)\""
    }
    // What the policy names is judged by the policy.
    return partner.bounds.refusal(of: grant, isNamedByPolicy: { _ in true })
  }
}

extension AdmissionRules.Approval {
  /// Why a request may not even wait; nil where it may.
  package func refusal(of grant: Grant) -> String? {
    let asked = (grant.subject.commonName.map { [$0] } ?? []) + grant.names.map(\.text)
    guard let outside = asked.first(where: { name in !names.contains { $0.matches(name) } }) else { return nil }
    return "name \"\(outside)\" may not wait for an operator; these may: \(names.map(\.text).joined(separator: ", "))"
  }
}

extension AdmissionKind {
  /// What orchestrator.yaml calls it.
  package var configurationKey: String {
    switch self {
    case .desk: "desk"
    case .operator: "operator"
    case .service: "service"
    case .token: "admission.tokens"
    case .password: "admission.passwords"
    case .approval: "admission.approval"
    case .partner: "admission.partners"
    case .renewal: "admission.renewal"
    case .lateRenewal: "admission.renewal.late"
    }
  }
}
