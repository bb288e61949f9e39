/// A rule matches a peer that meets all of its conditions.
package struct IdentityRule: Hashable, Sendable, CustomStringConvertible {
  package let name: String?
  package let conditions: [IdentityCondition]
  /// How logs call it: its name, or its place and conditions, such as `allow[0] cn=*-robots,org=ORG1`.
  package let description: String

  package init(name: String? = nil, _ conditions: [IdentityCondition]) {
    self.init(name: name, conditions, description: name ?? Self.text(conditions))
  }

  private init(name: String?, _ conditions: [IdentityCondition], description: String) {
    self.name = name
    self.conditions = conditions
    self.description = description
  }

  /// One without conditions matches nobody.
  package func matches(_ peer: PeerIdentity) -> Bool {
    !conditions.isEmpty && conditions.allSatisfy { $0.matches(peer) }
  }

  /// The same rule, called by its place where it has no name.
  func placed(_ place: String) -> IdentityRule {
    IdentityRule(name: name, conditions, description: name ?? "\(place) \(Self.text(conditions))")
  }

  private static func text(_ conditions: [IdentityCondition]) -> String {
    conditions.map(\.description).joined(separator: ",")
  }
}
