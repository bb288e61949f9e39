import Credentials
import Formats

extension Bacalhau {
  package func deliver(
    _ supply: Supply, using random: inout some RandomNumberGenerator
  ) throws(FleetError) -> Delivery {
    let settings = try BacalhauSettings(self, supply)
    let credential = supply.credentials[Self.orchestratorName]
    let authorities = credential.map(\.trust).flatMap { $0.isEmpty ? nil : $0 } ?? supply.trust
    let trust = try encoded { () throws(FormatError) in try PEM.text(authorities) }
    var delivery = Delivery()
    guard let credential else {
      // Configurations that name files which aren't there would stop the nodes at their next start.
      delivery.warnings.append("the orchestrator's certificate is awaited: the configurations follow with it")
      delivery.folders = ([orchestrator] + computes).map { machine in
        var folder = Delivery.Folder(machine.name, title: "The CA that nodes of Bacalhau trust.")
        if !trust.isEmpty { folder.artefacts = [Artefact("ca.crt", trust.utf8)] }
        return folder
      }
      delivery.folders.removeAll { $0.artefacts.isEmpty }
      return delivery
    }
    guard !trust.isEmpty else {
      throw FleetError(
        "the CA of the orchestrator's certificate isn't known, and nodes need it",
        advice: "name its file: `authority: {external: true, trust: FILE}`", at: orchestrator.place)
    }
    delivery.folders = [try orchestratorFolder(settings, credential, trust)]
    for machine in computes { delivery.folders.append(try computeFolder(settings, machine, trust)) }
    delivery.restarts = zip([orchestrator] + computes, delivery.folders).map { machine, folder in
      Restart(
        .process("Bacalhau on \(machine.name)"), command: BacalhauCommands.restart,
        because: folder.artefacts.map { "\(folder.name)/\($0.path)" })
    }
    delivery.warnings = warnings(settings)
    return delivery
  }

  private func orchestratorFolder(
    _ settings: BacalhauSettings, _ credential: NodeCredential, _ trust: String
  ) throws(FleetError) -> Delivery.Folder {
    var folder = Delivery.Folder(
      Self.orchestratorName, title: "The orchestrator of Bacalhau: its certificate, key, CA and configuration.")
    let chain = try encoded { () throws(FormatError) in try credential.chainPEM() }
    let key = try encoded { () throws(FormatError) in try credential.keyPEM() }
    folder.artefacts = [
      Artefact("ca.crt", trust.utf8), Artefact("server.crt", chain.utf8, carries: [Self.orchestratorName]),
    ]
    if let key {
      folder.artefacts.append(Artefact("server.key", key.utf8, isSecret: true, carries: [Self.orchestratorName]))
    }
    folder.artefacts.append(try BacalhauMerge.orchestrator(settings))
    folder.steps = try orchestratorSteps(settings, hasKey: key != nil)
    return folder
  }

  private func orchestratorSteps(
    _ settings: BacalhauSettings, hasKey: Bool
  ) throws(FleetError) -> [Delivery.Step] {
    let files = [("ca.crt", true), ("server.crt", false), ("server.key", false), (orchestrator.fileName, false)]
    let install = Delivery.Step(
      (hasKey ? "" : "Lay the key that the request was made with beside these files, as server.key. ")
        + "Put the files where Bacalhau reads them. Nobody else can read certificate, key and token.",
      commands: BacalhauCommands.install(files, on: orchestrator))
    let restart = Delivery.Step(
      "Restart Bacalhau here first, with `--config \(orchestrator.installed(orchestrator.fileName))`: nodes that "
        + "trust a CA don't connect without TLS.", BacalhauCommands.restart)
    let port = settings.orchestrator.port
    if settings.isBehindProxy {
      let proxy = Delivery.Step(
        "Have the proxy in front of the orchestrator serve \(orchestrator.installed("server.crt")) with "
          + "\(orchestrator.installed("server.key")), and reload it. Let nobody but the proxy reach port \(port): "
          + "behind a proxy, Bacalhau takes unencrypted connections.")
      return [install, proxy, restart]
    }
    let names = try BacalhauNames(self, settings.files).dialled
    let check = Delivery.Step(
      "See what the orchestrator serves now.",
      commands: names.map { BacalhauCommands.check(BacalhauAddress(host: $0, port: port), isBehindProxy: false) })
    return [install, restart, check]
  }

  private func computeFolder(
    _ settings: BacalhauSettings, _ machine: Machine, _ trust: String
  ) throws(FleetError) -> Delivery.Folder {
    var folder = Delivery.Folder(
      machine.name, title: "\(machine.name), a compute node of Bacalhau: the CA that it trusts, and its configuration.")
    folder.artefacts = [Artefact("ca.crt", trust.utf8), try BacalhauMerge.compute(settings, machine)]
    let addresses = try settings.addresses(of: machine, try machine.configuration(settings.files))
    folder.steps = [
      Delivery.Step(
        "Put the files where Bacalhau reads them. Nobody else can read the token.",
        commands: BacalhauCommands.install([("ca.crt", true), (machine.fileName, false)], on: machine)),
      Delivery.Step(
        "See from here that the orchestrator serves a certificate which this node accepts.",
        commands: addresses.map { BacalhauCommands.check($0, isBehindProxy: settings.isBehindProxy) }),
      Delivery.Step(
        "Restart Bacalhau, once the orchestrator runs, with `--config \(machine.installed(machine.fileName))`.",
        BacalhauCommands.restart),
    ]
    return folder
  }

  private func warnings(_ settings: BacalhauSettings) -> [String] {
    var warnings: [String] = []
    if settings.replacesToken {
      warnings.append(
        "the token of the orchestrator's configuration is replaced: nodes that the fleet file doesn't name lose access")
    }
    if settings.orchestrator.hasPeers {
      warnings.append(
        "what orchestrators tell each other (Orchestrator.Cluster) stays unencrypted: TLS is for nodes only")
    }
    return warnings
  }

  /// An encoding that fails is ours, and names no file.
  private func encoded<Value>(_ encode: () throws(FormatError) -> Value) throws(FleetError) -> Value {
    do {
      return try encode()
    } catch {
      throw FleetError(error.message, advice: error.hint, at: orchestrator.place)
    }
  }
}

extension Delivery.Step {
  fileprivate init(_ explanation: String, commands: [String]) {
    self.init(explanation)
    self.commands = commands
  }
}
