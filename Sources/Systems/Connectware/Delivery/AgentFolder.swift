import Formats

/// What one agent gets.
struct AgentFolder {
  private let delivery: ConnectwareDelivery
  private let agent: Agent

  static let certificate = "tls.crt"
  static let key = "tls.key"

  init(_ delivery: ConnectwareDelivery, _ agent: Agent) {
    self.delivery = delivery
    self.agent = agent
  }

  /// - Parameter bundle: what the agents trust, in PEM.
  func folder(bundle: String) throws(FleetError) -> Delivery.Folder {
    let namespace = delivery.system.release.installed.namespace
    var folder = Delivery.Folder(
      agent.name, title: "The agent \(agent.name): its credentials, for the namespace \(namespace).")
    guard let credential = delivery.supply.credentials[agent.name] else { return folder }
    let carries = [agent.name]
    let chain = try ConnectwareDelivery.written(Self.certificate) { () throws(FormatError) in try credential.chainPEM()
    }
    let key = try ConnectwareDelivery.written(Self.key) { () throws(FormatError) in try credential.keyPEM() }
    if let key { folder.artefacts.append(Artefact(Self.key, key.utf8, isSecret: true, carries: carries)) }
    folder.artefacts.append(Artefact(Self.certificate, chain.utf8, carries: carries))
    if !bundle.isEmpty { folder.artefacts.append(Artefact(ConnectwareDelivery.caFile, bundle.utf8)) }
    let commands = delivery.commands
    let name = delivery.secretName(agent)
    if let key, !delivery.isInline(agent) {
      let secret = KubernetesSecret.tls(name: name, namespace: namespace, certificate: chain, key: key)
      let artefact = try ConnectwareDelivery.written("the Secret \(name)") { () throws(FormatError) in
        try Artefact(.secret(secret), carries: carries)
      }
      folder.artefacts.append(artefact)
      folder.steps.append(.init("Create or replace the Secret that the agent reads.", commands.apply(artefact.path)))
    } else if key == nil {
      folder.steps.append(
        .init(
          "Create the Secret with your own key, saved as \(Self.key) beside these files. To replace one, delete it first.",
          commands.createSecret(name)))
    } else {
      folder.steps.append(.init("The key pair is in the values file: nothing has to be done with these files."))
    }
    let statefulSet = delivery.statefulSets[agent.name]
    folder.steps.append(
      .init(
        "An agent that runs already reads a new certificate when it restarts; a new agent starts with the upgrade of "
          + "its release.", commands.restart(statefulSet: statefulSet), commands.wait(statefulSet: statefulSet)))
    return folder
  }
}
