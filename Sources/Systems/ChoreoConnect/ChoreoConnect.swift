import Credentials
package import Formats

/// WSO2 Choreo Connect: a router that dials backends over mutual TLS on behalf of APIs.
///
/// The router offers one client certificate to all backends, whoever they are; each backend has a server certificate
/// for the host of its endpoint's URL. Adapter and enforcer share the router's key pair.
package struct ChoreoConnect: FleetSystem {
  package static let kind = "choreo-connect"

  package let authority: AuthorityDeclaration?
  let router: Router
  /// One for each host and port, whatever the number of APIs that it serves.
  let backends: [Backend]
  /// In the order in which they are first named.
  let apis: [API]
  private let defaults: FleetDefaults

  package init(_ declaration: Declaration, defaults: FleetDefaults) throws(FleetError) {
    if let object = declaration.object("authority") {
      authority = try AuthorityDeclaration(object)
    } else {
      authority = nil
    }
    router = try Router(declaration.requiredObject("router"))
    (backends, apis) = try Self.read(declaration.objects("backends"))
    self.defaults = defaults
    guard !backends.isEmpty else {
      throw FleetError(
        "there is no backend", advice: "name at least one endpoint", at: declaration.place(of: "backends"))
    }
    try checkTogether()
  }

  package var inputs: [InputReference] {
    router.inputs + backends.flatMap(\.inputs)
      + (router.trust == .global ? [] : apis.flatMap { $0.inputs(router.trust) })
  }

  package func nodes(_ files: InputFiles) throws(FleetError) -> [Node] {
    var router = Node(
      Router.folder, identity: try self.router.identity(), source: self.router.source, defaults: defaults,
      place: self.router.place)
    // The enforcer signs its test tokens with this key, by RSA only.
    router.key = defaults.key.flatMap { $0.isRSA ? $0 : nil } ?? .rsa2048
    var nodes = [router]
    for backend in backends {
      // No backend dials: what its key could do as a client, nobody should accept.
      var node = Node(
        backend.name, identity: try backend.identity(), profile: .server, source: backend.source, defaults: defaults,
        place: backend.place)
      node.key = defaults.key ?? .rsa2048
      nodes.append(node)
    }
    return nodes
  }

  package func problems(of credential: NodeCredential, for node: Node, supply: Supply) -> [Problem] {
    if node.name == Router.folder {
      return ChoreoConnectIdentityRule.problems(
        ofRouter: credential, anchors: Self.anchors(of: credential, supply), hosts: router.hosts,
        isPinned: backends.allSatisfy { $0.accepts == .router }, at: supply.now)
    }
    guard let backend = backends.first(where: { $0.name == node.name }) else { return [] }
    return ChoreoConnectIdentityRule.problems(
      ofBackend: credential, anchors: Self.anchors(of: credential, supply), endpoint: backend.endpoint, tls: router.tls,
      at: supply.now)
  }

  package func deliver(
    _ supply: Supply, using random: inout some RandomNumberGenerator
  ) throws(FleetError) -> Delivery {
    var delivery = Delivery()
    for backend in backends {
      let step = BackendDelivery(backend: backend, system: self, supply: supply)
      try step.add(to: &delivery, using: &random)
    }
    try RouterDelivery(system: self, supply: supply).add(to: &delivery)
    if router.trust != .global {
      try APIDelivery(system: self, supply: supply).add(to: &delivery)
    }
    return delivery
  }

  package static func lint(_ context: LintContext, declared: ChoreoConnect?) -> [Finding] {
    ChoreoConnectLint(context: context, declared: declared).findings
  }
}

// MARK: - Reading

extension ChoreoConnect {
  private static func read(_ entries: [Declaration]) throws(FleetError) -> ([Backend], [API]) {
    var backends: [Backend] = []
    var apis: [API] = []
    for entry in entries {
      let endpoint = try Endpoint(entry.required("endpoint"), at: entry.place(of: "endpoint"))
      if let index = backends.firstIndex(where: { $0.endpoint.isSameServer(as: endpoint) }) {
        try backends[index].checkNothingElse(in: entry)
      } else {
        backends.append(try Backend(entry, endpoint: endpoint))
      }
      try API.add(entry, endpoint: endpoint, to: &apis)
    }
    // The host names the folder where that is enough.
    for index in backends.indices {
      let host = backends[index].endpoint.host
      let isTaken = backends.filter { $0.endpoint.host.lowercased() == host.lowercased() }.count > 1
      let isReserved = [Router.folder, API.folder].contains(host.lowercased())
      backends[index].name = isTaken || isReserved ? "\(host)-\(backends[index].endpoint.port)" : host
    }
    return (backends, apis)
  }

  private func checkTogether() throws(FleetError) {
    if router.trust == .global, router.namespace != nil {
      throw FleetError(
        "on Kubernetes there is no object for the global bundle", advice: "trust: project, or trust: params",
        at: router.place)
    }
    guard router.trust != .global else { return }
    if let backend = backends.first(where: { backend in !apis.contains { $0.serves(backend) } }) {
      throw FleetError(
        "no API is named for \(backend.endpoint.url)", advice: "say `api: NAME`, or `trust: global` for the router",
        at: backend.place)
    }
  }
}

extension KeyKind {
  var isRSA: Bool { [.rsa2048, .rsa3072, .rsa4096].contains(self) }
}
