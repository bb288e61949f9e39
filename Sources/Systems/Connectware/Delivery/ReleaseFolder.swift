import Formats

/// What the release of the agents needs: its values, and the certificates that all agents trust.
struct ReleaseFolder {
  private let delivery: ConnectwareDelivery
  private var release: AgentRelease { delivery.system.release }

  init(_ delivery: ConnectwareDelivery) { self.delivery = delivery }

  func folder(warnings: inout [String]) throws(FleetError) -> Delivery.Folder {
    var folder = Delivery.Folder(
      Connectware.Folder.release,
      title: "The release \(release.installed.name) of the agent chart, in the namespace "
        + "\(release.installed.namespace).")
    if release.caChain == .configMap, !delivery.bundle.isEmpty {
      let artefact = try configMap()
      folder.artefacts.append(artefact)
      folder.steps.append(
        .init("Create or replace the ConfigMap with what the agents trust.", delivery.commands.apply(artefact.path)))
    }
    let values = try values(warnings: &warnings)
    folder.artefacts.append(values)
    if values.isSecret {
      warnings.append(
        "\(values.path) of the agents holds private keys as plain text: keep it as you keep keys, or say keyPair: secret"
      )
    }
    if values.bytes.count > Self.helmLimit {
      warnings.append(
        "\(values.path) of the agents is larger than 1 MiB: Helm may not be able to store the release; "
          + "say keyPair: secret")
    }
    folder.steps.append(
      .init(
        "Upgrade the release, once the Secrets of all agents are there, and with the parameters that it was installed "
          + "with.", delivery.commands.upgradeAgents(values: values.path)))
    folder.steps.append(
      .init(
        "Only where the certificates of all agents have been replaced at once, restart them together.",
        delivery.commands.restartAll))
    return folder
  }

  /// Helm keeps a release, with its values, in a Secret.
  private static let helmLimit = 1 << 20

  private func configMap() throws(FleetError) -> Artefact {
    let pem = try delivery.bundlePEM()
    return try ConnectwareDelivery.written("the ConfigMap \(release.configMap)") { () throws(FormatError) in
      let map = KubernetesConfigMap(
        name: release.configMap, namespace: release.installed.namespace, data: [(ConnectwareDelivery.caFile, pem)])
      return try Artefact(.configMap(map))
    }
  }

  private func values(warnings: inout [String]) throws(FleetError) -> Artefact {
    let bytes = if let file = release.values { try delivery.supply.files[file] } else { [UInt8]() }
    let wanted = try wanted()
    let merged = try ConnectwareDelivery.edited(release.values) { () throws(FormatError) in
      try wanted.merged(into: bytes)
    }
    warnings += merged.warnings
    for misspelling in AgentValuesSpelling.misspellings(in: AgentValuesFile(bytes).root) {
      warnings.append(
        "\(release.values?.path ?? "the values file"), line \(misspelling.line): \(misspelling.path) has no effect, "
          + "since the chart reads \(misspelling.known); what it was to say is written beside it: remove it")
    }
    let inline = release.agents.filter(delivery.isInline).map(\.name)
    return Artefact(
      release.values.map { fileName($0.path) } ?? "values.yaml", merged.text.utf8, isSecret: !inline.isEmpty,
      role: release.values.map { .merged(into: $0.path) } ?? .file, carries: inline)
  }

  private func wanted() throws(FleetError) -> AgentValues {
    var chain: AgentValues.CAChain?
    if !delivery.bundle.isEmpty {
      chain = release.caChain == .configMap ? .configMap(release.configMap) : .inline(try delivery.bundlePEM())
    }
    var agents: [AgentValues.Entry] = []
    for agent in release.agents { agents.append(.init(name: agent.name, keyPair: try keyPair(agent))) }
    return AgentValues(connectwareHost: release.connectwareHost, caChain: chain, agents: agents)
  }

  private func keyPair(_ agent: Agent) throws(FleetError) -> AgentValues.KeyPair {
    let credential = delivery.supply.credentials[agent.name]
    if release.keyPair == .inline, credential == nil { return .pending }
    guard let credential, delivery.isInline(agent) else { return .secret(delivery.secretName(agent)) }
    return try ConnectwareDelivery.written("the key pair of \(agent.name)") { () throws(FormatError) in
      guard let key = try credential.keyPEM() else { return .secret(delivery.secretName(agent)) }
      return .inline(certificate: try credential.chainPEM(), key: key)
    }
  }
}
