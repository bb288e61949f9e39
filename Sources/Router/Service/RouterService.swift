import Credentials
import Formats
import Foundation
import Glibc
package import Logging
import SwiftASN1
import Synchronization
import X509

/// The router: its workers, and what tells them what holds.
package final class RouterService: Sendable {
  /// What the service needs of the outside.
  package struct Edge: Sendable {
    /// Where router.yaml is.
    package var path: String
    /// Reads and checks router.yaml.
    package var configuration: @Sendable () throws -> RouterConfiguration
    package var read: @Sendable (String) throws -> [UInt8]
    package var environment: [String: String]
    package var logger: Logger

    package init(
      path: String, configuration: @escaping @Sendable () throws -> RouterConfiguration,
      read: @escaping @Sendable (String) throws -> [UInt8], environment: [String: String], logger: Logger
    ) {
      self.path = path
      self.configuration = configuration
      self.read = read
      self.environment = environment
      self.logger = logger
    }
  }

  private struct State {
    var snapshot: Snapshot?
    var sockets: ListeningSockets
    var watch = FileWatch()
    var configuredAt = Date()
    var lastProblem: String?
    var isStopping = false
  }

  private let edge: Edge
  private let logger: Logger
  private let builder: SnapshotBuilder
  private let workers: [Worker]
  private let events: EventSink
  private let lines: LineWriter
  private let records = HandshakeRecords()
  private let lists: RevocationFetcher
  private let state: Mutex<State>
  private let applying = Mutex(())
  private let finished = DispatchGroup()

  /// Reads everything and binds all sockets; nobody is served before ``run()``.
  package init(_ edge: Edge) throws {
    self.edge = edge
    logger = edge.logger
    var seen = FileWatch.look([edge.path])
    let configuration = try edge.configuration()
    seen.merge(FileWatch.look(configuration.files)) { before, _ in before }
    lines = LineWriter(STDOUT_FILENO)
    events = EventSink(logger: edge.logger, access: configuration.log.access, lines: lines, records: records)
    let count = configuration.workers ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    var workers: [Worker] = []
    for index in 0..<count { workers.append(try Worker(index: index, events: events)) }
    self.workers = workers
    lists = RevocationFetcher(logger: edge.logger)
    builder = SnapshotBuilder(reading: edge.read, fetched: lists.latest, resolved: Resolver.locations)
    state = Mutex(State(sockets: ListeningSockets(workers: count, environment: edge.environment)))
    try apply(configuration, seen: seen)
  }

  /// Where the listeners are, by name.
  package var addresses: [String: String] { state.withLock { $0.sockets.addresses } }

  // MARK: What holds

  /// Puts configuration and files in force as they are now. Where they can't be, what was in force stays.
  /// - Throws: why nothing was changed.
  package func reload() throws {
    var seen = FileWatch.look(state.withLock { watched($0.snapshot) })
    do {
      let configuration = try edge.configuration()
      // Also a file that only this configuration names, which may come later.
      seen.merge(FileWatch.look(configuration.files)) { before, _ in before }
      try apply(configuration, seen: seen)
      logger.info("reloaded")
    } catch {
      let problem = RouterProblem(error)
      // Looked at again when something has changed once more, and not every second.
      state.withLock { state in
        state.lastProblem = problem.message
        state.watch.reset(to: seen)
      }
      logger.error("nothing was changed: \(problem.message)", metadata: ["hint": "\(problem.hint ?? "")"])
      throw error
    }
  }

  private func watched(_ snapshot: Snapshot?) -> Set<String> {
    (snapshot?.configuration.files ?? []).union([edge.path])
  }

  /// - Parameter seen: how all that is put in force looked before it was read.
  private func apply(_ configuration: RouterConfiguration, seen: FileWatch.Appearances) throws {
    // Names are resolved and files read meanwhile, which may take long: only reloads wait for each other.
    try applying.withLock { _ in
      lists.fetchUnknown(configuration.revocationURLs)
      let previous = state.withLock { $0.snapshot }
      try apply(configuration, try builder.build(configuration, after: previous, at: Date()), seen: seen)
    }
  }

  private func apply(
    _ configuration: RouterConfiguration, _ snapshot: Snapshot, seen: FileWatch.Appearances
  ) throws {
    try state.withLock { state in
      guard !state.isStopping else { return }
      var listeners = configuration.listeners
      if let admin = configuration.admin { listeners.append(Self.adminListener(admin)) }
      let bound = try state.sockets.bind(listeners)
      let admin = configuration.admin.map { makeAdmin($0, after: state.snapshot) }
      let whole = admin.map { snapshot.adding($0) } ?? snapshot
      state.snapshot = whole
      let files = watched(whole)
      state.watch.reset(to: seen.filter { files.contains($0.key) })
      state.configuredAt = Date()
      state.lastProblem = nil
      events.setAccess(configuration.log.access)
      for (worker, sockets) in zip(workers, bound) { worker.post { $0.take(whole, bound: sockets) } }
    }
  }

  private static let adminName = "(admin)"

  private static func adminListener(_ path: String) -> ListenerConfiguration {
    ListenerConfiguration(name: adminName, listen: .unix(path), protocol: .http)
  }

  private func makeAdmin(_ path: String, after previous: Snapshot?) -> ListenerState {
    if let known = previous?.listener(named: Self.adminName) { return known }
    let admin = Admin(records: records, status: { [self] in status }, reload: { [self] in try reload() })
    admin.watch(workers)
    return ListenerState(
      Self.adminListener(path), tls: nil, recipe: nil, cluster: nil, routes: [], gauges: ListenerGauges(), admin: admin)
  }

  // MARK: The service

  /// Serves until ``stop()``, and then until all connections have ended or their time is over.
  package func run() {
    for worker in workers {
      finished.enter()
      let thread = Thread { [finished] in
        worker.run()
        finished.leave()
      }
      thread.name = "worker-\(worker.index)"
      thread.stackSize = 1 << 20
      thread.start()
    }
    Thread.detachNewThread { [self] in look() }
    finished.wait()
    lines.end()
  }

  /// Looks at files, names and lists, each when its time has come.
  private func look() {
    var rounds = 0
    while !state.withLock({ $0.isStopping }) {
      Thread.sleep(forTimeInterval: 1)
      rounds += 1
      let (hasChanged, configuration) = state.withLock { ($0.watch.hasChanged(), $0.snapshot?.configuration) }
      let isDue = rounds % RevocationFetcher.interval == 0
      let hasNewLists = isDue && lists.fetch(configuration?.revocationURLs ?? [])
      if hasChanged || hasNewLists { try? reload() }
      resolve(rounds)
    }
  }

  private func resolve(_ rounds: Int) {
    for cluster in state.withLock({ $0.snapshot?.clusters ?? [] }) {
      let every = max(1, Int(cluster.configuration.resolve.components.seconds))
      guard rounds % every == 0, cluster.configuration.endpoints.contains(where: \.isName) else { continue }
      let missing = cluster.resolve(Resolver.locations).map(\.description)
      guard !missing.isEmpty else { continue }
      logger.warning(
        "names can't be resolved",
        metadata: ["cluster": "\(cluster.name)", "names": "\(missing.joined(separator: ", "))"])
    }
  }

  package func stop() {
    let drain = state.withLock { state in
      state.isStopping = true
      return state.snapshot?.configuration.drain ?? .zero
    }
    logger.info("stopping", metadata: ["drain": "\(drain)"])
    for worker in workers { worker.post { $0.stop(within: drain.milliseconds) } }
  }

  /// Tells when every worker has taken its turn.
  package func pulse(_ whenAllAnswered: @escaping @Sendable () -> Void) {
    let missing = Countdown(workers.count)
    for worker in workers {
      worker.post { _ in if missing.step() { whenAllAnswered() } }
    }
  }

  // MARK: Status

  private var status: RouterStatus {
    let now = Worker.microseconds() / 1000
    return state.withLock { state in
      RouterStatus(
        workers: workers.count, configuredAt: state.configuredAt, lastProblem: state.lastProblem,
        droppedLogLines: lines.dropped,
        listeners: (state.snapshot?.listeners ?? []).filter { $0.admin == nil }.map { listener in
          RouterStatus.Listener(
            name: listener.name, address: state.sockets.addresses[listener.name] ?? "",
            certificateNotAfter: listener.recipe?.credential?.notAfter,
            revocationStaleSince: listener.tls?.trust?.revocation?.staleSince)
        },
        clusters: (state.snapshot?.clusters ?? []).map { cluster in
          RouterStatus.Cluster(
            name: cluster.name, certificateNotAfter: cluster.recipe?.credential?.notAfter,
            revocationStaleSince: cluster.revocationStaleSince,
            endpoints: cluster.current.map { endpoint in
              .init(
                address: endpoint.location.address.description, isHealthy: endpoint.isHealthy,
                isEjected: endpoint.isEjected(at: now), connections: endpoint.connections)
            })
        })
    }
  }
}

private final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  /// - Returns: whether that was the last.
  func step() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

/// What an operator is told of any error.
struct RouterProblem {
  let message: String
  let hint: String?

  init(_ error: any Error) {
    let explained = error as? any ExplainedError
    message = explained?.message ?? "\(error)"
    hint = explained?.hint
  }
}

extension EndpointLocation {
  /// What it stands for may change.
  var isName: Bool {
    switch self {
    case .host(let host, _): IPAddress(host) == nil
    case .unix: false
    case .service: true
    }
  }
}

extension RouterConfiguration {
  /// All that it is put in force with.
  var files: Set<String> {
    let identities = listeners.compactMap(\.identity) + clusters.compactMap { $0.tls?.identity }
    let trusts = listeners.compactMap { $0.clients?.trust } + clusters.compactMap { $0.tls?.trust }
    return Set(identities.flatMap { [$0.certificate, $0.key] + [$0.passphraseFile].compactMap { $0 } })
      .union(trusts).union(revocationLocations.filter { !$0.contains("://") })
  }

  /// Where revocation lists are to be fetched.
  var revocationURLs: Set<String> { revocationLocations.filter { $0.contains("://") } }

  private var revocationLocations: Set<String> {
    let sources = listeners.compactMap { $0.clients?.revocation } + clusters.compactMap { $0.tls?.revocation }
    return Set(sources.flatMap(\.locations))
  }
}

extension RouterCredential {
  var notAfter: Date? { chain.first.flatMap { try? Certificate(derEncoded: $0) }?.notValidAfter }
}

extension Snapshot {
  func adding(_ listener: ListenerState) -> Snapshot {
    Snapshot(configuration: configuration, listeners: listeners + [listener], clusters: clusters)
  }
}
