import Credentials
import Formats
import X509

/// From credentials to what Connectware, its agents and their release get.
struct ConnectwareDelivery {
  let system: Connectware
  let supply: Supply
  let commands: ConnectwareCommands
  /// What Connectware trusts, and the agents trust of it.
  let bundle: [Certificate]
  let statefulSets: ResolvedStatefulSets

  init(_ system: Connectware, _ supply: Supply) throws(FleetError) {
    self.system = system
    self.supply = supply
    commands = ConnectwareCommands(system: system)
    let trust = ConnectwareTrust(system.installation, files: supply.files)
    try trust.check(host: system.release.connectwareHost, trust: supply.trust)
    bundle = try trust.bundle(adding: supply.trust)
    statefulSets = ResolvedStatefulSets(system.release, known: supply.statefulSets[system.release.installed])
    for authority in bundle + [supply.issuer].compactMap({ $0 }) {
      guard let problem = ConnectwareIdentityRule.partnerProblem(authority) else { continue }
      let place = system.authority?.place
      throw FleetError("\(problem.what), and \(problem.why)", advice: problem.fix, at: place, kind: .refused)
    }
  }

  func delivery() throws(FleetError) -> Delivery {
    var delivery = Delivery()
    delivery.folders.append(try InstallationFolder(self).folder(warnings: &delivery.warnings))
    let pem = try bundlePEM()
    for agent in system.release.agents {
      guard supply.credentials[agent.name] != nil else { continue }
      delivery.folders.append(try AgentFolder(self, agent).folder(bundle: pem))
    }
    delivery.folders.append(try ReleaseFolder(self).folder(warnings: &delivery.warnings))
    delivery.restarts = restarts()
    delivery.warnings += warnings()
    return delivery
  }

  func bundlePEM() throws(FleetError) -> String {
    try Self.written(Self.caFile) { () throws(FormatError) in try PEM.text(bundle) }
  }

  static let caFile = "ca-chain.pem"

  /// The Secret of an agent.
  func secretName(_ agent: Agent) -> String {
    agent.existingSecret ?? system.release.objectNames.secret(ofStatefulSet: statefulSets[agent.name])
  }

  /// An agent whose key isn't here keeps it in its own Secret, whatever the others do.
  func isInline(_ agent: Agent) -> Bool {
    system.release.keyPair == .inline && supply.credentials[agent.name]?.key != nil
  }

  /// Connectware first; each agent, for its own certificate or for what all of them trust.
  private func restarts() -> [Restart] {
    var restarts: [Restart] = []
    if system.installation.customAuthority?.server != nil {
      let workload: Restart.Workload =
        system.installation.namespace.map { .deployment(name: "connectware", namespace: $0) } ?? .process("Connectware")
      restarts.append(
        Restart(
          workload, command: commands.restartServer,
          because: ["\(Connectware.Folder.installation)/\(InstallationFolder.serverCertificate)"]))
    }
    for agent in system.release.agents where supply.credentials[agent.name] != nil {
      let name = statefulSets[agent.name]
      restarts.append(
        Restart(
          .statefulSet(name: name, namespace: system.release.installed.namespace),
          command: commands.restart(statefulSet: name),
          // An appended CA needs no restart: agents read it anew.
          because: [AgentFolder.certificate, "\(secretName(agent)).yaml"].map { "\(agent.name)/\($0)" }))
    }
    return restarts
  }

  private func warnings() -> [String] {
    let agents = system.release.agents
    var warnings: [String] = []
    if bundle.isEmpty {
      warnings.append("no certificate of the authority is known yet: name its roots under authority.trust")
    }
    let long = agents.map(\.name).filter { statefulSets[$0].utf8.count > AgentObjectNames.statefulSetComfort }
    if !long.isEmpty {
      warnings.append(
        "the StatefulSets of these agents have names of more than \(AgentObjectNames.statefulSetComfort) characters, "
          + "for which some clusters make no pods: \(AgentValues.some(long))")
    }
    let elsewhere = agents.filter { !isInline($0) && supply.credentials[$0.name] != nil }.map(\.name)
    if system.release.keyPair == .inline, !elsewhere.isEmpty {
      warnings.append(
        "keyPair is inline, but these agents' keys are not here, and stay in Secrets: \(AgentValues.some(elsewhere))")
    }
    let waiting = agents.map(\.name).filter { supply.credentials[$0] == nil }
    if !waiting.isEmpty {
      warnings.append(
        "don't upgrade the agents' release before the certificates of these agents are there: "
          + AgentValues.some(waiting))
    }
    return warnings
  }

  /// An error of a format, said of what was to be written.
  static func written<Value>(_ what: String, _ body: () throws(FormatError) -> Value) throws(FleetError) -> Value {
    do {
      return try body()
    } catch {
      throw FleetError("\(what) can't be written: \(error.message)", advice: error.hint, kind: error.kind)
    }
  }

  /// An error of a format, said of a file of the operator's.
  static func edited<Value>(
    _ file: InputReference?, _ body: () throws(FormatError) -> Value
  ) throws(FleetError) -> Value {
    do {
      return try body()
    } catch {
      throw FleetError(error.message, advice: error.hint, path: file?.path ?? "values.yaml", kind: error.kind)
    }
  }
}

/// The last component of a path.
func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
