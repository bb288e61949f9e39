import Formats

/// What a backend's operator gets.
struct SubstraBackendFolder {
  let site: SubstraBackendSite
  let orchestrator: SubstraOrchestratorSite
  let authorities: SubstraAuthorities
  let supply: Supply

  private var declared: Substra.Backend { site.declared }
  private var commands: SubstraCommands { SubstraCommands(namespace: declared.namespace) }
  private var certificateFile: String { "\(site.mspID).crt" }
  private var keyFile: String { "\(site.mspID).key" }
  private var caManifest: String { "\(SubstraNames.backendCA).yaml" }
  private static let valuesFile = "backend-values.yaml"

  func add(to delivery: inout Delivery) throws(FleetError) {
    var folder = Delivery.Folder(
      site.mspID,
      title: "The Substra backend of \(site.mspID) (\(declared.host)): what it proves itself with, whom it trusts, "
        + "and its values.")
    folder.artefacts = try pairArtefacts()
    if !authorities.server.isEmpty {
      let object = SubstraCAObject(
        name: SubstraNames.backendCA, namespace: declared.namespace, kind: site.caKind,
        certificates: authorities.server)
      folder.artefacts.append(try object.artefact(isApplied: !declared.isElsewhere && declared.namespace != nil))
    }
    let manifests = folder.artefacts.map(\.path).filter { $0.hasSuffix(".yaml") }
    if !authorities.server.isEmpty { folder.artefacts.append(try authorities.file()) }
    let values = try merge().artefact(declared.values, named: Self.valuesFile, supply.files)
    folder.artefacts.append(values)
    folder.steps = steps(values: values.path)
    delivery.folders.append(folder)
    delivery.warnings += [warning].compactMap { $0 }
    // Another organization's pods are its own affair: its README says what to run.
    guard !declared.isElsewhere else { return }
    delivery.restarts += site.workloads.map {
      Restart($0, command: commands.restart($0), because: manifests.map { "\(folder.name)/\($0)" })
    }
  }

  /// Where the operator's file dials a host that the orchestrator's certificate doesn't name.
  private var warning: String? {
    guard let host = site.values.host, !orchestrator.hosts.contains(host) else { return nil }
    return "\(declared.values?.path ?? Self.valuesFile) dialled \(host), which the orchestrator's certificate doesn't "
      + "name: orchestrator.host becomes \(orchestrator.declared.host)"
  }

  private func pairArtefacts() throws(FleetError) -> [Artefact] {
    guard let credential = supply.credentials[site.mspID] else { return [] }
    let carries = [site.mspID]
    return try Substra.formatted(SubstraNames.clientPair) { () throws(FormatError) in
      let certificate = Artefact(certificateFile, try credential.chainPEM().utf8, carries: carries)
      guard !declared.isElsewhere, let key = try credential.keyPEM() else { return [certificate] }
      let secret = KubernetesSecret.tls(
        name: SubstraNames.clientPair, namespace: declared.namespace, certificate: try credential.chainPEM(), key: key)
      return [
        try Artefact(secret, carries: carries), certificate,
        Artefact(keyFile, key.utf8, isSecret: true, carries: carries),
      ]
    }
  }

  private func merge() -> SubstraMerge {
    var merge = SubstraMerge()
    if site.values.host.map({ !orchestrator.hosts.contains($0) }) ?? true {
      merge.set("orchestrator.host", .text(orchestrator.declared.host))
    }
    if let port = orchestrator.declared.port { merge.set("orchestrator.port", .number(port)) }
    merge.set("orchestrator.mspID", .text(site.mspID))
    merge.set("orchestrator.tls.enabled", .flag(true))
    merge.set("orchestrator.tls.cacert", .text(SubstraNames.backendCA))
    merge.set("orchestrator.tls.mtls.enabled", .flag(true))
    merge.set("orchestrator.tls.mtls.clientCertificate", .text(SubstraNames.clientPair))
    return merge
  }

  private func steps(values: String) -> [Delivery.Step] {
    guard let credential = supply.credentials[site.mspID] else {
      return [Delivery.Step("Wait: the certificate of \(site.mspID) hasn't been issued yet. Then run apply again.")]
    }
    var steps: [Delivery.Step] = []
    if declared.namespace == nil || declared.release == nil || declared.chart == nil { steps.append(placeStep) }
    if declared.isElsewhere || credential.key == nil {
      steps.append(
        Delivery.Step(
          "Put the certificate, and the key that never left you (here \(keyFile)), into the Secret that the chart reads.",
          commands.createPair(SubstraNames.clientPair, certificate: certificateFile, key: keyFile)))
      steps.append(
        Delivery.Step(
          "Put the orchestrator's CA into the cluster: as a \(site.caKind.name), which the chart mounts "
            + (site.caKind == .secret ? "from 26.0.0 on." : "before 26.0.0."),
          commands.apply([caManifest])))
    } else {
      steps.append(
        Delivery.Step(
          "Put the pair and the orchestrator's CA into the cluster.",
          commands.apply(["\(SubstraNames.clientPair).yaml", caManifest])))
    }
    return steps + upgradeSteps(values: values)
  }

  /// The variables that the next commands use, for what the fleet file doesn't say of another organization's cluster.
  private var placeStep: Delivery.Step {
    var step = Delivery.Step("Say where the backend runs; `helm list -A` shows it.")
    if declared.namespace == nil { step.commands.append("NAMESPACE=org") }
    if declared.release == nil { step.commands.append("RELEASE=backend") }
    if declared.chart == nil { step.commands.append("VERSION=26.15.3") }
    return step
  }

  private func upgradeSteps(values: String) -> [Delivery.Step] {
    let upgrade = Delivery.Step(
      declared.values == nil
        ? "Upgrade the release: these values beside its own." : "Upgrade the release with the merged values.",
      commands.upgrade(
        declared.release ?? "\"$RELEASE\"", chart: "substra-backend",
        version: declared.chart.map { SubstraCommands.word($0.description) } ?? "\"$VERSION\"", values: values,
        isWhole: declared.values != nil))
    var restart = Delivery.Step(
      "Restart the pods: they read certificates at start only, and Helm restarts none whose manifest is unchanged.")
    restart.commands = site.workloads.map(commands.restart) + site.workloads.map(commands.wait)
    return restart.commands.isEmpty ? [upgrade] : [upgrade, restart]
  }
}
