import Credentials
package import Formats

/// Substra: an orchestrator, and the backends that dial it over gRPC, each for one organization (its MSP ID).
package struct Substra: FleetSystem {
  package static let kind = "substra"

  package let orchestrator: Orchestrator
  package let backends: [Backend]
  package let authority: AuthorityDeclaration?
  let defaults: FleetDefaults

  package static let fields: [Field] = [
    Field("authority", .object(AuthorityDeclaration.fields), "Who signs, where it isn't the fleet's authority."),
    Field("orchestrator", .object(Orchestrator.fields), required: true, "The orchestrator's release."),
    Field("backends", .list(.object(Backend.fields)), required: true, "The backends, one for each organization."),
  ]

  package init(_ declaration: Declaration, defaults: FleetDefaults) throws(FleetError) {
    self.defaults = defaults
    if let object = declaration.object("authority") {
      authority = try AuthorityDeclaration(object)
    } else {
      authority = nil
    }
    orchestrator = try Orchestrator(try declaration.requiredObject("orchestrator"))
    var backends: [Backend] = []
    for object in declaration.objects("backends") { backends.append(try Backend(object)) }
    self.backends = backends
    try checkNamespaces()
  }

  package var inputs: [InputReference] {
    [orchestrator.values].compactMap { $0 } + backends.compactMap(\.values)
      + orchestrator.clientCAs.flatMap(\.files)
  }

  package func nodes(_ files: InputFiles) throws(FleetError) -> [Node] {
    let site = try SubstraSite(self, files)
    var nodes = [
      Node(
        Self.orchestratorNode, identity: try site.orchestrator.identity(), source: orchestrator.source,
        defaults: defaults, place: orchestrator.place)
    ]
    for backend in site.backends {
      nodes.append(
        Node(
          backend.mspID, identity: try backend.identity(), source: backend.declared.source, defaults: defaults,
          place: backend.declared.place))
    }
    return nodes
  }

  package func problems(of credential: NodeCredential, for node: Node, supply: Supply) -> [Problem] {
    guard let site = try? SubstraOrchestratorSite(orchestrator, supply.files) else { return [] }
    guard node.name != Self.orchestratorNode, let mspID = node.identity.organization else {
      return SubstraServerRule(hosts: [orchestrator.host, site.probeHost]).problems(of: credential.leaf)
    }
    let usage = [ClientUsage.problem(of: credential.leaf), PartnerIntermediate.problem(in: credential.chain)]
    let authorities = SubstraAuthorities(orchestrator, supply)
    let trusted = (try? authorities.organization(mspID, source: node.source))?.first ?? []
    let refusal = SubstraIdentityRule(authorities: [mspID: trusted]).refusal(mspID: mspID, chain: credential.chain)
    // Without verifyClientMSPID only TLS looks at the certificate; what its subject says is still what was declared.
    let isDemanded = if case .organization = refusal { true } else { site.verifiesMSPID }
    return (isDemanded ? [refusal?.problem] : []).compactMap { $0 } + usage.compactMap { $0 }
  }

  /// The orchestrator's node, and folder. Backends have their MSP ID's.
  static let orchestratorNode = "orchestrator"

  /// The chart's names for its objects are fixed: two backends in one namespace would take each other's certificate.
  private func checkNamespaces() throws(FleetError) {
    var seen: [String: Backend] = [:]
    for backend in backends {
      // Another organization's cluster has namespaces of its own.
      guard let namespace = backend.namespace, !backend.isElsewhere else { continue }
      if let other = seen.updateValue(backend, forKey: namespace) {
        throw FleetError(
          "two backends have the namespace \"\(namespace)\": the other stands in line \(other.place.line)",
          advice: "both would read the Secret \(SubstraNames.clientPair); give each a namespace of its own",
          at: backend.place)
      }
    }
  }
}
