import Credentials
import Foundation
import Synchronization

/// A cluster as one snapshot has it: where its backends are, and how one speaks with them.
package final class ClusterState: Sendable {
  package let configuration: ClusterConfiguration
  /// What the contexts for its backends are made of; nil where it doesn't speak TLS with them.
  let recipe: TLSRecipe?
  /// One for each name that a backend is known by.
  private let known = Mutex<[String: TLSContext]>([:])
  private let places: Mutex<Places>
  private let turn = Atomic<Int>(0)
  /// Milliseconds.
  let answerTimeout: Int64?

  package var name: String { configuration.name }
  var speaksTLS: Bool { recipe != nil }

  private struct Places {
    /// What each location stood for when it could be resolved last; nothing where it never could. Those that nobody has
    /// asked for yet are missing.
    var found: [EndpointLocation: [Endpoint.Location]] = [:]
    /// Those that couldn't be resolved when they were asked for last.
    var unresolved: Set<EndpointLocation> = []
    var endpoints: [Endpoint] = []
  }

  /// - Parameter previous: whose endpoints it takes over, with what is known of them.
  init(_ configuration: ClusterConfiguration, after previous: ClusterState?, recipe: TLSRecipe?) {
    self.configuration = configuration
    self.recipe = recipe
    answerTimeout = configuration.answerTimeout?.milliseconds
    places = Mutex(previous?.places.withLock { $0 } ?? Places())
  }

  var current: [Endpoint] { places.withLock { $0.endpoints } }

  /// Those of its locations that nobody has asked for yet.
  var unknown: [EndpointLocation] {
    let found = places.withLock { $0.found }
    return configuration.endpoints.filter { found[$0] == nil }
  }

  /// Its names that can't be resolved for the moment. Where one led before, it leads still.
  var unresolved: [EndpointLocation] {
    let unresolved = places.withLock { $0.unresolved }
    return configuration.endpoints.filter { unresolved.contains($0) }
  }

  /// Puts what locations stand for now in the place of what they stood for. Endpoints that stay keep what is known of
  /// them.
  ///
  /// - Parameter answers: nothing for one that can't be resolved; none at all for one that nobody asked for.
  func take(_ answers: [EndpointLocation: [Endpoint.Location]]) {
    places.withLock { places in
      var found: [EndpointLocation: [Endpoint.Location]] = [:]
      var unresolved: Set<EndpointLocation> = []
      var locations: [Endpoint.Location] = []
      for name in configuration.endpoints {
        let answer = answers[name]
        if answer?.isEmpty ?? places.unresolved.contains(name) { unresolved.insert(name) }
        guard let latest = answer?.isEmpty == false ? answer : places.found[name] ?? answer else { continue }
        found[name] = latest
        for location in latest where !locations.contains(location) { locations.append(location) }
      }
      let known = Dictionary(places.endpoints.map { ($0.location, $0) }, uniquingKeysWith: { first, _ in first })
      places.found = found
      places.unresolved = unresolved
      places.endpoints = locations.map { known[$0] ?? Endpoint($0) }
    }
  }

  /// The context for a backend that is known by this host.
  func context(for host: String?) throws(TLSSetupError) -> TLSContext? {
    guard let recipe else { return nil }
    let name = configuration.tls?.name ?? host ?? ""
    if let context = known.withLock({ $0[name] }) { return context }
    // An address is verified, but is no server name (RFC 6066 §3).
    let reference = ReferenceName(name)
    let serverName: String? = if case .dns(let host)? = reference { host } else { nil }
    let context = try recipe.context(.client(serverName: serverName), purpose: .server, name: reference ?? .dns(name))
    known.withLock { $0[name] = context }
    return context
  }

  /// When its revocation lists are too old; where none has come, since when they are wanted.
  var revocationStaleSince: Date? {
    recipe?.listsMissingSince ?? known.withLock { $0.values.first?.trust?.revocation?.staleSince }
  }

  var trusts: [UInt64] { known.withLock { $0.values.compactMap { $0.trust?.id } } }

  /// The endpoint whose turn it is.
  ///
  /// - Parameter tried: failed already for the same connection.
  func choose(except tried: [Endpoint], now: Int64) -> Endpoint? {
    let candidates = current.filter { endpoint in !tried.contains { $0 === endpoint } }
    let usable = candidates.filter { $0.isUsable(at: now) }
    // With none that is known to be well, one that is known to be ill may have recovered: better than to refuse at once.
    let choice = usable.isEmpty ? candidates : usable
    guard !choice.isEmpty else { return nil }
    let first = turn.add(1, ordering: .relaxed).oldValue
    switch configuration.balance {
    case .roundRobin:
      return choice[Int(UInt(bitPattern: first) % UInt(choice.count))]
    case .leastConnections:
      // Those who have equally few take turns.
      let offset = Int(UInt(bitPattern: first) % UInt(choice.count))
      return (0..<choice.count).map { choice[($0 + offset) % choice.count] }.min { $0.connections < $1.connections }
    }
  }
}

/// One backend, and what is known of it. Shared by all workers.
package final class Endpoint: Sendable {
  package struct Location: Hashable, Sendable {
    package let address: SocketAddress
    /// What it was found by: sent and demanded as its name.
    package let host: String?

    package init(address: SocketAddress, host: String?) {
      self.address = address
      self.host = host
    }
  }

  package let location: Location
  private let open = Atomic<Int>(0)
  private let failures = Atomic<Int>(0)
  /// Milliseconds of the monotonic clock.
  private let ejectedUntil = Atomic<Int64>(0)
  private let healthy = Atomic<Bool>(true)

  package init(_ location: Location) { self.location = location }

  var connections: Int { open.load(ordering: .relaxed) }
  var isHealthy: Bool { healthy.load(ordering: .relaxed) }

  func isUsable(at now: Int64) -> Bool { isHealthy && ejectedUntil.load(ordering: .relaxed) <= now }

  func isEjected(at now: Int64) -> Bool { ejectedUntil.load(ordering: .relaxed) > now }

  func setHealth(_ isHealthy: Bool) { healthy.store(isHealthy, ordering: .relaxed) }

  func connectionBegins() { open.add(1, ordering: .relaxed) }

  func connectionEnds() { open.subtract(1, ordering: .relaxed) }

  func succeeded() { failures.store(0, ordering: .relaxed) }

  /// - Returns: whether it is left out from now on for a while.
  func failed(_ rule: OutlierRule, now: Int64) -> Bool {
    guard !isEjected(at: now), failures.add(1, ordering: .relaxed).newValue >= rule.failures else { return false }
    failures.store(0, ordering: .relaxed)
    ejectedUntil.store(now + rule.duration.milliseconds, ordering: .relaxed)
    return true
  }
}

extension Duration {
  var milliseconds: Int64 {
    let parts = components
    return parts.seconds.multipliedReportingOverflow(by: 1000).partialValue + parts.attoseconds / 1_000_000_000_000_000
  }
}
