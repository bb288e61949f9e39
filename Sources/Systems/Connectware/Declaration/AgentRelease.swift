import Credentials
package import Formats

/// One release of the agent chart.
package struct AgentRelease: Sendable {
  /// Where the agents find their key pairs.
  package enum KeyPairPlace: String, CaseIterable, Sendable { case secret, inline }
  /// Where the agents find the certificates that they trust.
  package enum CAChainPlace: String, CaseIterable, Sendable { case configMap, inline }

  package var chart: ChartReference
  package var installed: Release
  package var connectwareHost: String
  package var values: InputReference?
  package var keyPair: KeyPairPlace
  package var caChain: CAChainPlace
  package var configMap: String
  package var agents: [Agent]

  package static let fields: [Field] = [
    Field("chart", .text(.chart), "The chart of the agents; connectware-agent."),
    Field("version", .text(.version), "The version of that chart, for the commands."),
    Field("release", .text(.label), "The Helm release of the agents; connectware-agent."),
    Field("namespace", .text(.label), required: true, "The namespace of the agents."),
    Field("connectwareHost", .text(.host), required: true, "The host that the agents dial."),
    Field("values", .text(.path), "The values file of that release; a new one is written where there is none."),
    Field(
      "keyPair", .choice(KeyPairPlace.allCases.map(\.rawValue)),
      "Whether key pairs are in Secrets, or in the values file as plain text; secret."),
    Field(
      "caChain", .choice(CAChainPlace.allCases.map(\.rawValue)),
      "Whether the CA certificates are in a ConfigMap or in the values file; configMap."),
    Field("existingConfigMap", .text(.objectName), "The name of that ConfigMap, where it isn't the usual one."),
    Field("roles", .list(.text(.any)), "The Connectware roles of the agents' users."),
    Field(
      "names", .list(.textOr(.agentName, Agent.fields)), required: true,
      "The agents' names, exactly as in the values file; or mappings that say more."),
  ]

  init(_ declaration: Declaration) throws(FleetError) {
    chart = ChartReference(declaration.text("chart") ?? "connectware-agent", version: declaration.text("version"))
    installed = Release(
      declaration.text("release") ?? "connectware-agent", namespace: try declaration.required("namespace"))
    connectwareHost = try declaration.required("connectwareHost")
    values = declaration.input("values")
    keyPair = declaration.text("keyPair").flatMap(KeyPairPlace.init) ?? .secret
    caChain = declaration.text("caChain").flatMap(CAChainPlace.init) ?? .configMap
    let names = AgentObjectNames(chart: chart.name, release: installed.name)
    configMap = declaration.text("existingConfigMap") ?? names.configMap
    let roles = declaration.texts("roles").map(\.text)
    agents = []
    for item in declaration.objects("names") { agents.append(try Agent(item, roles: roles)) }
    guard !agents.isEmpty else {
      throw FleetError("there is no agent", advice: "list the agents' names", at: declaration.place(of: "names"))
    }
    try check(names, at: declaration.place)
  }

  /// The names that the objects have unless the cluster says otherwise.
  package var objectNames: AgentObjectNames { AgentObjectNames(chart: chart.name, release: installed.name) }

  /// Names that fit no object, and names that two agents would share.
  private func check(_ names: AgentObjectNames, at place: YAMLTree.Place) throws(FleetError) {
    if let problem = KubernetesName.problem(of: configMap, limit: 253) {
      throw FleetError(
        "no ConfigMap can be named \"\(configMap)\": \(problem)", advice: "set existingConfigMap", at: place)
    }
    var statefulSets: [String: Agent] = [:]
    var secrets: [String: Agent] = [:]
    for agent in agents {
      let name = names.statefulSet(agent.name)
      if let problem = AgentObjectNames.problem(ofStatefulSet: name) {
        throw FleetError(
          "agent \"\(agent.name)\": no StatefulSet can be named \"\(name)\": \(problem)",
          advice: "agents' names are of lower-case letters, digits, '-' and '.', and short", at: agent.place)
      }
      if let other = statefulSets.updateValue(agent, forKey: name) {
        throw collision(agent, other, "StatefulSet", name)
      }
      let secret = agent.existingSecret ?? names.secret(ofStatefulSet: name)
      if let other = secrets.updateValue(agent, forKey: secret) { throw collision(agent, other, "Secret", secret) }
    }
  }

  private func collision(_ agent: Agent, _ other: Agent, _ kind: String, _ name: String) -> FleetError {
    FleetError(
      agent.name == other.name
        ? "the agent \"\(agent.name)\" stands twice: the other is in line \(other.place.line)"
        : "the agents \"\(other.name)\" (line \(other.place.line)) and \"\(agent.name)\" would share the \(kind) \(name)",
      advice: "rename one of them: in the names of objects, dots become hyphens", at: agent.place)
  }
}

/// One agent.
package struct Agent: Sendable {
  package var name: String
  package var place: YAMLTree.Place
  package var source: Node.Source
  /// The name of its Secret, where it isn't the usual one.
  package var existingSecret: String?
  package var roles: [String]

  package static let fields: [Field] =
    [
      Field("name", .text(.agentName), required: true, "The agent's name, exactly as in the values file."),
      Field("existingSecret", .text(.objectName), "The name of its Secret, where it isn't the usual one."),
      Field("roles", .list(.text(.any)), "The Connectware roles of its user."),
    ] + Schema.nodeFields

  init(_ declaration: Declaration, roles: [String]) throws(FleetError) {
    place = declaration.place
    if let name = declaration.tree.text {
      self.name = name
      source = .issued
      self.roles = roles
    } else {
      name = try declaration.required("name")
      source = try declaration.source()
      existingSecret = declaration.text("existingSecret")
      let own = declaration.texts("roles").map(\.text)
      self.roles = own.isEmpty ? roles : own
    }
    _ = try identity()
  }

  /// The name as it is, dots and all: the broker compares it with the user's name.
  func identity() throws(FleetError) -> Identity {
    do {
      return try Identity(commonName: name)
    } catch {
      throw FleetError(error.message, advice: error.hint, at: place)
    }
  }
}

extension TextForm {
  static let agentName = TextForm("agent name") { $0.isEmpty ? "it is empty" : nil }
}
