import Credentials
package import Foundation

/// Makes a snapshot of a configuration and the files that it names. What hasn't changed since the last one is taken over,
/// with all that is known of it: tickets of listeners, health of endpoints.
package struct SnapshotBuilder: Sendable {
  /// The bytes of a file.
  private let read: @Sendable (String) throws -> [UInt8]
  /// What is known of a URL of revocation lists; nil where nobody has asked for it.
  private let fetched: @Sendable (String) -> FetchedList?
  /// What an endpoint's location stands for now.
  private let resolved: @Sendable (EndpointLocation) -> [Endpoint.Location]

  package init(
    reading read: @escaping @Sendable (String) throws -> [UInt8],
    fetched: @escaping @Sendable (String) -> FetchedList? = { _ in nil },
    resolved: @escaping @Sendable (EndpointLocation) -> [Endpoint.Location]
  ) {
    self.read = read
    self.fetched = fetched
    self.resolved = resolved
  }

  /// - Throws: ``RouterSetupError``: the key and the file that can't be used, and why. Nothing is half taken over then.
  package func build(
    _ configuration: RouterConfiguration, after previous: Snapshot?, at now: Date
  ) throws(RouterSetupError) -> Snapshot {
    var files = NamedFiles(reading: read, fetched: fetched, at: now)
    var clusters: [ClusterState] = []
    for cluster in configuration.clusters {
      clusters.append(try build(cluster, after: previous?.cluster(named: cluster.name), &files))
    }
    var listeners: [ListenerState] = []
    for listener in configuration.listeners {
      listeners.append(try build(listener, clusters, after: previous?.listener(named: listener.name), &files))
    }
    // Last, since names may take their time, and files don't: what is wrong with those is known at once.
    resolve(clusters, after: previous)
    return Snapshot(configuration: configuration, listeners: listeners, clusters: clusters)
  }

  // MARK: Clusters

  private func build(
    _ configuration: ClusterConfiguration, after previous: ClusterState?, _ files: inout NamedFiles
  ) throws(RouterSetupError) -> ClusterState {
    let place = "clusters[\(configuration.name)].tls"
    var recipe: TLSRecipe?
    if let tls = configuration.tls {
      var credential: RouterCredential?
      if let identity = tls.identity {
        credential = try files.credential(identity, at: "\(place).identity", after: previous?.recipe)
      }
      let trust = try files.anchors(tls.trust, at: "\(place).trust")
      let lists = try files.lists(tls.revocation, at: "\(place).crl")
      recipe = TLSRecipe(
        credential: credential, trust: trust, lists: lists.found, listsMissingSince: lists.missingSince,
        revocation: tls.revocation, settings: tls.settings, applicationProtocols: tls.settings.alpn)
    }
    if let previous, previous.configuration == configuration, previous.recipe == recipe { return previous }
    let state = ClusterState(configuration, after: previous, recipe: recipe)
    // An identity that can't be used shall be known now, and not when the first client comes.
    for host in Set(configuration.endpoints.map(\.knownHost)) {
      do throws(TLSSetupError) {
        _ = try state.context(for: host)
      } catch {
        throw RouterSetupError(error, at: place, file: configuration.tls?.identity?.certificate ?? configuration.name)
      }
    }
    return state
  }

  /// Finds out what locations stand for that nobody has asked for yet. All others keep what is known of them, which is
  /// renewed in its own time: a name that can't be resolved shall hold up no certificate.
  private func resolve(_ clusters: [ClusterState], after previous: Snapshot?) {
    let answers = Resolver.all(Set(clusters.flatMap(\.unknown)), by: resolved)
    for cluster in clusters where previous?.cluster(named: cluster.name) !== cluster {
      cluster.take(answers)
      if cluster.configuration.health == nil { for endpoint in cluster.current { endpoint.setHealth(true) } }
    }
  }

  // MARK: Listeners

  private func build(
    _ configuration: ListenerConfiguration, _ clusters: [ClusterState], after previous: ListenerState?,
    _ files: inout NamedFiles
  ) throws(RouterSetupError) -> ListenerState {
    try check(configuration, clusters)
    let recipe = try recipe(configuration, after: previous, &files)
    var tls: TLSContext?
    if let recipe {
      if let previous, previous.recipe == recipe, let context = previous.tls {
        tls = context
      } else {
        do throws(TLSSetupError) {
          tls = try recipe.context(.server, purpose: configuration.clients == nil ? nil : .client)
        } catch {
          throw RouterSetupError(
            error, at: "listeners[\(configuration.name)].identity",
            file: configuration.identity?.certificate ?? configuration.name)
        }
      }
    }
    let named = Dictionary(clusters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return ListenerState(
      configuration, tls: tls, recipe: recipe, cluster: configuration.to.flatMap { named[$0] },
      routes: configuration.routes.compactMap { route in
        named[route.to].map { RouteState(configuration: route, cluster: $0) }
      },
      gauges: previous?.gauges ?? ListenerGauges())
  }

  private func check(_ configuration: ListenerConfiguration, _ clusters: [ClusterState]) throws(RouterSetupError) {
    let leadsTo = Set([configuration.to].compactMap { $0 } + configuration.routes.map(\.to))
    guard configuration.protocol == .http,
      let cluster = clusters.first(where: { leadsTo.contains($0.name) && $0.configuration.sendsProxyHeader })
    else { return }
    throw RouterSetupError(
      at: "listeners[\(configuration.name)]",
      "\(cluster.name) wants a PROXY header, and requests of many share a connection",
      hint: "leave proxyProtocol out there: headers say who the client is")
  }

  /// Nil where the listener doesn't speak TLS.
  private func recipe(
    _ configuration: ListenerConfiguration, after previous: ListenerState?, _ files: inout NamedFiles
  ) throws(RouterSetupError) -> TLSRecipe? {
    guard let identity = configuration.identity else { return nil }
    let place = "listeners[\(configuration.name)]"
    let credential = try files.credential(identity, at: "\(place).identity", after: previous?.recipe)
    var trust: [[UInt8]] = []
    if let clients = configuration.clients { trust = try files.anchors(clients.trust, at: "\(place).clients.trust") }
    let lists = try files.lists(configuration.clients?.revocation, at: "\(place).clients.crl")
    return TLSRecipe(
      credential: credential, trust: trust, lists: lists.found, listsMissingSince: lists.missingSince,
      revocation: configuration.clients?.revocation, settings: configuration.tls,
      applicationProtocols: Self.applicationProtocols(configuration))
  }

  private static func applicationProtocols(_ listener: ListenerConfiguration) -> [String] {
    guard listener.tls.alpn.isEmpty else { return listener.tls.alpn }
    return switch listener.protocol {
    case .http: ["h2", "http/1.1"]
    case .postgres: ["postgresql"]
    case .tcp, .passthrough: []
    }
  }
}

extension EndpointLocation {
  /// What its backends are known by; nil where their names are told by others, or there is none.
  fileprivate var knownHost: String? { if case .host(let host, _) = self { host } else { nil } }
}
