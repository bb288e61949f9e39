import Formats

/// A values file of the agent chart, as far as it concerns mutual TLS.
struct AgentValuesFile {
  struct Agent {
    var name: String
    /// Of its name.
    var line: Int
    var tree: YAMLTree
  }

  let root: YAMLTree?
  let agents: [Agent]
  private let positions: [String: Int]

  /// An empty one where the bytes hold no single mapping: whoever edits them says so.
  init(_ bytes: [UInt8]) {
    self.init((try? YAMLTree.document(bytes)) ?? nil)
  }

  init(_ root: YAMLTree?) {
    self.root = root
    var agents: [Agent] = []
    for item in root?[AgentValuesKey.agents]?.items ?? [] {
      guard let name = item["name"], let text = name.text else { continue }
      agents.append(Agent(name: text, line: name.place.line, tree: item))
    }
    self.agents = agents
    positions = Dictionary(agents.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// Whether a document is one, by its keys.
  static func isOne(_ document: YAMLTree) -> Bool {
    document[AgentValuesKey.agents] != nil || document[AgentValuesKey.defaults] != nil
  }

  var defaults: YAMLTree? { root?[AgentValuesKey.defaults] }

  subscript(name: String) -> YAMLTree? { positions[name].map { agents[$0].tree } }

  var repeatedNames: [Agent] {
    agents.enumerated().filter { positions[$1.name] != $0 }.map(\.element)
  }
}
