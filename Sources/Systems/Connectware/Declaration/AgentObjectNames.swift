/// The names that the agent chart gives its objects.
package struct AgentObjectNames: Hashable, Sendable {
  /// Chart and release; once, where they are the same.
  package let prefix: String

  package init(chart: String, release: String) {
    prefix = chart == release ? release : "\(chart)-\(release)"
  }

  package func statefulSet(_ agent: String) -> String { "\(prefix)-\(Self.mangled(agent))" }

  package func secret(ofStatefulSet name: String) -> String { "\(name)-mtls" }

  /// As in all examples of the documentation; its prose has the agent's name in it. So it is never relied upon.
  package var configMap: String { "\(prefix)-mtls-ca-cert" }

  /// As an agent's name stands in the names of objects.
  package static func mangled(_ agent: String) -> String { agent.replacing(".", with: "-") }

  /// Names beyond this leave the pods of a StatefulSet no room for their revision's label.
  package static let statefulSetComfort = 52

  /// Why no StatefulSet can have a name; its pods' host names begin with it, and are labels (RFC 1123).
  package static func problem(ofStatefulSet name: String) -> String? {
    name.contains(".") ? "it holds a dot" : KubernetesName.problem(of: name, limit: 63)
  }
}

/// The names of the agents' StatefulSets: the cluster's, where it was asked, else derived.
struct ResolvedStatefulSets {
  private let names: AgentObjectNames
  private let known: Set<String>
  /// By the agent's name as it stands in them.
  private let found: [String: [String]]

  init(_ release: AgentRelease, known: [String]?) {
    names = release.objectNames
    self.known = Set(known ?? [])
    let agents = Set(release.agents.map { AgentObjectNames.mangled($0.name) })
    var found: [String: [String]] = [:]
    for name in self.known {
      // The longest wins: `…-bender-robots` ends with `-robots`, and still is not that agent's.
      guard let agent = Self.endings(name).first(where: agents.contains) else { continue }
      found[agent, default: []].append(name)
    }
    self.found = found
  }

  subscript(agent: String) -> String {
    let derived = names.statefulSet(agent)
    guard !known.contains(derived), let found = found[AgentObjectNames.mangled(agent)], found.count == 1 else {
      return derived
    }
    return found[0]
  }

  /// A name, and what follows each of its hyphens.
  private static func endings(_ name: String) -> [String] {
    [name] + name.indices.filter { name[$0] == "-" }.map { String(name[name.index(after: $0)...]) }
  }
}
