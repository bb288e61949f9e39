import Formats

/// A key of the values that the chart ignores, because it reads another spelling.
struct AgentValuesSpelling: Hashable {
  /// As it stands there.
  var path: String
  var known: String
  var line: Int

  private typealias Key = AgentValuesKey

  static func misspellings(in root: YAMLTree?) -> [AgentValuesSpelling] {
    guard let root else { return [] }
    var found = near(root, "", [Key.agents, Key.defaults])
    if let defaults = root[Key.defaults] { found += within(defaults, Key.defaults) }
    for (index, agent) in (root[Key.agents]?.items ?? []).enumerated() {
      found += within(agent, "\(Key.agents)[\(index)]")
    }
    return found
  }

  private static func within(_ tree: YAMLTree, _ path: String) -> [AgentValuesSpelling] {
    // Other keys stand here too, which may be as short as this one.
    var found = (tree.entries ?? []).filter { $0.key != Key.mTLS && $0.key.lowercased() == Key.mTLS.lowercased() }
      .map { AgentValuesSpelling(path: "\(path).\($0.key)", known: Key.mTLS, line: $0.place.line) }
    guard let mTLS = tree[Key.mTLS] else { return found }
    let path = "\(path).\(Key.mTLS)"
    found += near(mTLS, path, [Key.enabled, Key.keyPair, Key.caChain])
    if let pair = mTLS[Key.keyPair] {
      found += near(pair, "\(path).\(Key.keyPair)", [Key.certificate, Key.key, Key.existingSecret])
    }
    if let chain = mTLS[Key.caChain] {
      found += near(chain, "\(path).\(Key.caChain)", [Key.certificate, Key.existingConfigMap])
    }
    return found
  }

  private static func near(_ tree: YAMLTree, _ path: String, _ known: [String]) -> [AgentValuesSpelling] {
    (tree.entries ?? []).compactMap { entry in
      guard !known.contains(entry.key), let word = NearestWord.find(entry.key, among: known) else { return nil }
      return AgentValuesSpelling(
        path: path.isEmpty ? entry.key : "\(path).\(entry.key)", known: word, line: entry.place.line)
    }
  }
}
