import SwiftASN1
import X509

/// A verdict of the policy, naming the rule that gave it.
package enum Decision: Hashable, Sendable {
  case allow(rule: String)
  case deny(rule: String, reason: String)
}

/// The rules of an authority, and what applies where a request leaves something open.
package struct IssuancePolicy: Hashable, Sendable {
  package var rules: [PolicyRule]

  package init(rules: [PolicyRule]) { self.rules = rules }

  /// What holds where config.yaml has no `policy`: whoever holds the authority's passphrase decides, and only keys
  /// that are too weak are refused.
  package static let unrestricted = IssuancePolicy(rules: [PolicyRule(label: "default")])

  /// Decides on a grant. The reason of a denial is that of the rule that went furthest with it.
  package func decide(_ grant: Grant, as admission: AdmissionKind) -> Decision {
    if KeyKind(grant.request.publicKey) == nil {
      return .deny(
        rule: "built-in",
        reason: "a key of kind \(grant.request.publicKey.label) is not certified; use one of \(Self.keyList)")
    }
    if let several = grant.subject.repeatedName {
      return .deny(
        rule: "built-in", reason: "the subject has more than one \(several), and readers differ in which counts")
    }
    var best: (depth: Int, decision: Decision)?
    for rule in rules {
      guard let refusal = rule.refusal(of: grant, as: admission) else { return .allow(rule: rule.label) }
      if refusal.depth > best?.depth ?? -1 {
        best = (refusal.depth, .deny(rule: rule.label, reason: refusal.reason))
      }
    }
    return best?.decision ?? .deny(rule: "built-in", reason: "the policy has no rules")
  }

  private static var keyList: String { KeyKind.allCases.map(\.label).joined(separator: ", ") }
}

extension DistinguishedName {
  /// The common name or the organization where there are several of it: nothing that is bound to one name may be signed
  /// for a subject in which another reader finds another.
  fileprivate var repeatedName: String? {
    let types = joined().map(\.type)
    if types.count(where: { $0 == .RDNAttributeType.commonName }) > 1 { return "common name" }
    return types.count(where: { $0 == .RDNAttributeType.organizationName }) > 1 ? "organization" : nil
  }
}

extension PolicyRule {
  /// Why this rule doesn't permit a grant, with the number of checks that it passed; nil where it permits all of it.
  func refusal(of grant: Grant, as admission: AdmissionKind) -> (depth: Int, reason: String)? {
    if let admissions, !admissions.contains(admission) {
      return (
        0, "admission by \(admission.rawValue) is not among \(admissions.map(\.rawValue).joined(separator: ", "))"
      )
    }
    if let names {
      let asked = (grant.subject.commonName.map { [$0] } ?? []) + grant.names.map(\.text)
      if let outside = asked.first(where: { name in !names.contains { $0.matches(name) } }) {
        return (1, "name \"\(outside)\" is not permitted; permitted are \(names.map(\.text).joined(separator: ", "))")
      }
    }
    if let organizations, !organizations.contains(grant.subject.organization ?? "") {
      let asked =
        grant.subject.organization.map { "organization \"\($0)\" is not permitted" } ?? "an organization is required"
      return (2, "\(asked); permitted are \(organizations.joined(separator: ", "))")
    }
    let kind = KeyKind(grant.request.publicKey)
    if let keys, !keys.contains(where: { $0 == kind }) {
      return (
        3,
        "key \(grant.request.publicKey.label) is not permitted; permitted are \(keys.map(\.label).joined(separator: ", "))"
      )
    }
    if let profiles, !profiles.contains(grant.profile) {
      return (
        4,
        "profile \(grant.profile.rawValue) is not permitted; permitted are \(profiles.map(\.rawValue).joined(separator: ", "))"
      )
    }
    if let longest, grant.lifetime > longest {
      return (5, "a lifetime of \(grant.lifetime.operatorText) is longer than \(longest.operatorText)")
    }
    return nil
  }
}
