package import Credentials
import SwiftASN1
package import X509

/// What an admission binds the names of a certificate to. It only narrows what the policy allows, and never widens it.
package struct NameBounds: Hashable, Sendable {
  /// The one common name; nil for any.
  package var commonName: String?
  /// The one organization; nil for any, and none.
  package var organization: String?
  /// DNS names, or suffixes that begin with a dot; nil for any.
  package var dns: [String]?
  /// Whether addresses and URIs are left to the policy. If not, only those are permitted that a rule of the policy
  /// names outright, with a range of addresses or a pattern with a scheme, and an address that is the common name.
  package var leavesOthersToPolicy: Bool
  /// A subject and names that must stay as they are (RFC 7030 §4.2.2).
  package var unchanged: Unchanged?

  package init(
    commonName: String? = nil, organization: String? = nil, dns: [String]? = nil, leavesOthersToPolicy: Bool = false
  ) {
    self.commonName = commonName
    self.organization = organization
    self.dns = dns
    self.leavesOthersToPolicy = leavesOthersToPolicy
  }

  package struct Unchanged: Hashable, Sendable {
    package var subject: DistinguishedName
    package var names: Set<SubjectName>
    /// What it may be used for; nil where that isn't one of ours.
    package var profile: Profile?
  }

  /// Binds nothing: what an operator saw and approved.
  package static let none = NameBounds(leavesOthersToPolicy: true)

  /// What the renewal of a certificate is bound to.
  package static func renewal(of certificate: Certificate) -> NameBounds {
    var bounds = NameBounds.none
    let names = (try? certificate.extensions.subjectAlternativeNames) ?? SubjectAlternativeNames()
    let usages = (try? certificate.extensions.extendedKeyUsage).map(Set.init)
    bounds.unchanged = Unchanged(
      subject: certificate.subject, names: Set(names.compactMap { SubjectName($0) }),
      profile: Profile.allCases.first { Set($0.extendedKeyUsages) == usages })
    return bounds
  }
}

extension NameBounds {
  /// Why a grant goes beyond these bounds; nil where it doesn't.
  /// - Parameter isNamedByPolicy: whether a rule of the policy names this address or URI outright.
  package func refusal(of grant: Grant, isNamedByPolicy: (SubjectName) -> Bool) -> String? {
    if let unchanged { return Self.change(of: grant, against: unchanged) }
    let asked = grant.subject.commonName
    if let commonName, asked != commonName {
      return "the common name must be \(commonName)\(asked.map { ", not \($0)" } ?? "")"
    }
    if let organization, grant.subject.organization != organization {
      return "the organization must be \(organization)\(grant.subject.organization.map { ", not \($0)" } ?? "")"
    }
    if commonName == nil, let dns, let asked, !Self.isPermitted(commonName: asked, dns) {
      return "the common name \(asked) is not among the DNS names that it is bound to"
    }
    for name in grant.names {
      switch name {
      case .dns(let host) where dns.map { Self.permits(host, $0) } ?? true: continue
      case .ip where leavesOthersToPolicy || (commonName != nil && name.text == commonName): continue
      case .uri where leavesOthersToPolicy: continue
      case .ip, .uri:
        if isNamedByPolicy(name) { continue }
      case .dns: break
      }
      return "the name \(name) is not among those that it is bound to"
    }
    return nil
  }

  /// A common name that is free while DNS names are bound would be a way around the bounds: there are systems that know
  /// their nodes by the common name alone.
  private static func isPermitted(commonName: String, _ permitted: [String]) -> Bool {
    guard case .dns(let host) = SubjectName(host: commonName) else { return false }
    return permits(host, permitted)
  }

  private static func change(of grant: Grant, against unchanged: Unchanged) -> String? {
    if let profile = unchanged.profile, profile != grant.profile {
      return "a renewal keeps its profile, \(profile.rawValue), and can't have \(grant.profile.rawValue)"
    }
    guard grant.subject.isIdentical(to: unchanged.subject) else {
      return "a renewal keeps its subject, \(unchanged.subject), and can't have \(grant.subject)"
    }
    let names = Set(grant.names)
    if let added = names.subtracting(unchanged.names).map(\.description).min() {
      return "a renewal keeps its names, and \(added) is not among them"
    }
    if let missing = unchanged.names.subtracting(names).map(\.description).min() {
      return "a renewal keeps its names, and \(missing) is missing"
    }
    return nil
  }

  /// Whether a host is one of the names, or lies under one of the suffixes. A wildcard is permitted only by a suffix, or
  /// by itself.
  private static func permits(_ host: DNSName, _ permitted: [String]) -> Bool {
    let text = host.text.lowercased()
    return permitted.contains { entry in
      let entry = entry.lowercased()
      return entry.hasPrefix(".") ? text.hasSuffix(entry) && text.utf8.count > entry.utf8.count : text == entry
    }
  }
}

extension DistinguishedName {
  /// Whether both say the same to the letter (RFC 7030 §4.2.2). A node is known by the exact text of its name, so that
  /// another case would make another node. Only the string type is free: programs choose different ones.
  fileprivate func isIdentical(to other: DistinguishedName) -> Bool {
    elementsEqual(other) { $0.elementsEqual($1, by: Self.isSame) }
  }

  private static func isSame(
    _ left: RelativeDistinguishedName.Attribute, _ right: RelativeDistinguishedName.Attribute
  ) -> Bool {
    guard left.type == right.type else { return false }
    guard let text = String(left.value), let other = String(right.value) else { return left.value == right.value }
    // Swift takes composed and decomposed letters for equal.
    return text.utf8.elementsEqual(other.utf8)
  }
}
