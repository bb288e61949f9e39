import Formats

/// What the orchestrator's operator gets.
struct SubstraOrchestratorFolder {
  let site: SubstraOrchestratorSite
  let authorities: SubstraAuthorities
  let organizations: [SubstraOrganizationCAs]
  let supply: Supply

  private var declared: Substra.Orchestrator { site.declared }
  private var commands: SubstraCommands { SubstraCommands(namespace: declared.namespace) }
  private var deployment: Restart.Workload { .deployment(name: site.server, namespace: declared.namespace) }

  private static let certificateFile = "orchestrator-tls.crt"
  private static let keyFile = "orchestrator-tls.key"

  func add(to delivery: inout Delivery) throws(FleetError) {
    var folder = Delivery.Folder(
      Substra.orchestratorNode, title: "The Substra orchestrator: its pair, the CAs that it trusts, and its values.")
    let pair = try pairArtefacts()
    var cas: [Artefact] = []
    if !authorities.server.isEmpty {
      let object = SubstraCAObject(
        name: SubstraNames.serverCA, namespace: declared.namespace, kind: .init(orchestrator: declared.chart),
        certificates: authorities.server)
      cas.append(try object.artefact())
      folder.artefacts.append(try authorities.file())
    }
    for object in organizations.flatMap(\.own) { cas.append(try object.artefact()) }
    let values = try merge().artefact(declared.values, named: "orchestrator-values.yaml", supply.files)
    folder.artefacts = pair + cas + folder.artefacts + [values]
    let manifests = (pair + cas).map(\.path).filter { $0.hasSuffix(".yaml") }
    folder.steps = steps(manifests: manifests, values: values.path)
    delivery.folders.append(folder)
    delivery.restarts.append(
      Restart(
        deployment, command: commands.restart(deployment), because: manifests.map { "\(folder.name)/\($0)" }))
  }

  private func pairArtefacts() throws(FleetError) -> [Artefact] {
    guard let credential = supply.credentials[Substra.orchestratorNode] else { return [] }
    let carries = [Substra.orchestratorNode]
    return try Substra.formatted(SubstraNames.serverPair) { () throws(FormatError) in
      let certificate = Artefact(Self.certificateFile, try credential.chainPEM().utf8, carries: carries)
      guard let key = try credential.keyPEM() else { return [certificate] }
      let secret = KubernetesSecret.tls(
        name: SubstraNames.serverPair, namespace: declared.namespace, certificate: try credential.chainPEM(), key: key)
      return [
        try Artefact(secret, carries: carries), certificate,
        Artefact(Self.keyFile, key.utf8, isSecret: true, carries: carries),
      ]
    }
  }

  private func merge() -> SubstraMerge {
    var merge = SubstraMerge()
    merge.set("orchestrator.tls.enabled", .flag(true))
    merge.set("orchestrator.tls.secrets.pair", .text(SubstraNames.serverPair))
    merge.set("orchestrator.tls.cacert", .text(SubstraNames.serverCA))
    merge.set("orchestrator.tls.mtls.enabled", .flag(true))
    for organization in organizations where !organization.objects.isEmpty {
      // What the operator trusts beside is kept.
      let present = site.values.clientCACerts.first { $0.key == organization.mspID }?.objects ?? []
      let all = present + organization.objects.filter { !present.contains($0) }
      merge.set("orchestrator.tls.mtls.clientCACerts", key: organization.mspID, .list(all.map { .text($0) }))
    }
    merge.set("orchestrator.verifyClientMSPID", .flag(site.verifiesMSPID))
    return merge
  }

  private func steps(manifests: [String], values: String) -> [Delivery.Step] {
    guard let credential = supply.credentials[Substra.orchestratorNode] else {
      return [Delivery.Step("Wait: the certificate of \(declared.host) hasn't been issued yet. Then run apply again.")]
    }
    var steps: [Delivery.Step] = []
    if credential.key == nil {
      steps.append(
        Delivery.Step(
          "Put the key that stayed here and its certificate into the Secret that the chart reads.",
          commands.createPair(SubstraNames.serverPair, certificate: Self.certificateFile, key: Self.keyFile)))
    }
    steps.append(
      Delivery.Step("Put the pair and the CAs into the cluster.", commands.apply(manifests)))
    steps.append(
      Delivery.Step(
        "Upgrade the release with the merged values.",
        commands.upgrade(
          declared.release, chart: "orchestrator", version: SubstraCommands.word(declared.chart.description),
          values: values, isWhole: declared.values != nil)))
    steps.append(
      Delivery.Step(
        "Restart the pods: they read certificates at start only, and Helm restarts none whose manifest is unchanged.",
        commands.restart(deployment), commands.wait(for: deployment)))
    return steps
  }
}
