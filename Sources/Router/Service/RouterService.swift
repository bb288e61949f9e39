import Foundation
import Glibc
package import Logging
import Synchronization

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

  struct State {
    var snapshot: Snapshot?
    /// Where the listeners are, by name.
    var addresses: [String: String] = [:]
    var configuredAt = Date()
    /// Why the last attempt changed nothing, and when that was; nil where it was taken over.
    var refusal: (problem: String, at: Int64)?
    /// Lists have been fetched that aren't in force yet.
    var hasNewLists = false
    var isStopping = false
  }

  let logger: Logger
  let workers: [Worker]
  let lines: LineWriter
  let lists: RevocationFetcher
  let state = Mutex(State())
  let watch = Mutex(FileWatch())
  let unresolved = Mutex(UnresolvedNames())
  let stale = Mutex(StaleLists())
  /// Whoever puts something in force holds the sockets: two never do so at once.
  let applying: Mutex<ListeningSockets>
  let finished = DispatchGroup()
  private let edge: Edge
  private let builder: SnapshotBuilder
  private let events: EventSink
  private let records = HandshakeRecords()
  /// What it was started with.
  private let started: RouterConfiguration

  /// Reads everything and binds all sockets; nobody is served before ``run()``.
  package init(_ edge: Edge) throws {
    self.edge = edge
    logger = edge.logger
    var seen = FileWatch.look([edge.path])
    let configuration = try edge.configuration()
    seen.merge(FileWatch.look(Set(configuration.files))) { before, _ in before }
    started = configuration
    lines = LineWriter(STDOUT_FILENO)
    events = EventSink(logger: edge.logger, access: configuration.log.access, lines: lines, records: records)
    let count = configuration.workerCount
    var workers: [Worker] = []
    for index in 0..<count { workers.append(try Worker(index: index, events: events)) }
    self.workers = workers
    lists = RevocationFetcher(logger: edge.logger)
    builder = SnapshotBuilder(reading: edge.read, fetched: lists.latest, resolved: Resolver.locations)
    applying = Mutex(ListeningSockets(workers: count, environment: edge.environment))
    let appearances = seen
    try applying.withLock { try apply(configuration, seen: appearances, to: &$0) }
  }

  /// Where the listeners are, by name.
  package var addresses: [String: String] { state.withLock { $0.addresses } }

  // MARK: What holds

  /// Puts configuration and files in force as they are now. Where they can't be, what was in force stays.
  /// - Throws: why nothing was changed.
  package func reload() throws { try reload(isAsked: true) }

  /// - Parameter isAsked: whether somebody waits for an answer, and not only a file has changed.
  func reload(isAsked: Bool) throws {
    // From the first file that is read: who read earlier shall not put its own in force later.
    try applying.withLock { sockets in
      let before = state.withLock { $0.snapshot }
      var seen = FileWatch.look(watched(before?.configuration))
      do {
        let configuration = try edge.configuration()
        // Also a file that only this configuration names, which may come later.
        seen.merge(FileWatch.look(Set(configuration.files))) { before, _ in before }
        try apply(configuration, seen: seen, to: &sockets)
        if let before { warn(of: configuration, after: before.configuration) }
        logger.info("reloaded")
      } catch {
        refuse(error, seen: seen, isAsked: isAsked)
        throw error
      }
    }
  }

  private func refuse(_ error: any Error, seen: FileWatch.Appearances, isAsked: Bool) {
    let problem = RouterProblem(error)
    let isNew = state.withLock { state in
      let last = state.refusal?.problem
      state.refusal = (problem.message, Self.milliseconds())
      return last != problem.message
    }
    watch.withLock { $0.reset(to: seen) }
    // It is tried again and again, and always for the same reason.
    guard isAsked || isNew else { return }
    logger.error("nothing was changed: \(problem.message)", metadata: ["hint": "\(problem.hint ?? "")"])
  }

  /// What is asked for and doesn't happen shall not go unnoticed.
  private func warn(of configuration: RouterConfiguration, after before: RouterConfiguration) {
    for key in configuration.keysInVain(after: before, startedWith: started) {
      logger.warning(
        "\(key) was changed, and only a restart puts that in force",
        metadata: ["key": "\(key)", "hint": "restart the router"])
    }
  }

  private func watched(_ configuration: RouterConfiguration?) -> Set<String> {
    Set(configuration?.files ?? []).union([edge.path])
  }

  /// - Parameter seen: how all that is put in force looked before it was read.
  private func apply(
    _ configuration: RouterConfiguration, seen: FileWatch.Appearances, to sockets: inout ListeningSockets
  ) throws {
    lists.fetchUnknown(configuration.revocationURLs)
    let previous = state.withLock { $0.snapshot }
    let snapshot = try builder.build(configuration, after: previous, at: Date())
    guard !state.withLock({ $0.isStopping }) else { return }
    var listeners = configuration.listeners
    if let admin = configuration.admin { listeners.append(Self.adminListener(admin)) }
    let new = try sockets.bind(listeners)
    let admin = configuration.admin.map { makeAdmin($0, after: previous) }
    let whole = admin.map { snapshot.adding($0) } ?? snapshot
    let files = watched(configuration)
    watch.withLock { $0.reset(to: seen.filter { files.contains($0.key) }) }
    publish(whole, new.descriptors, addresses: sockets.addresses)
    for address in new.shared {
      logger.warning(
        "another program listens on \(address) too, and gets a part of the connections",
        metadata: ["hint": "`ss -ltnp` says which"])
    }
    unresolved.withLock { $0.tell(of: whole.clusters, isNew: true, logger) }
    stale.withLock { $0.tell(of: whole, at: Date(), logger) }
  }

  /// - Parameter bound: for each worker, by the listener's name.
  private func publish(_ snapshot: Snapshot, _ bound: [[String: Int32]], addresses: [String: String]) {
    state.withLock { state in
      guard !state.isStopping else {
        for descriptor in bound.flatMap(\.values) { Glibc.close(descriptor) }
        return
      }
      state.snapshot = snapshot
      state.addresses = addresses
      state.configuredAt = Date()
      state.refusal = nil
      events.setAccess(snapshot.configuration.log.access)
      for (worker, sockets) in zip(workers, bound) { worker.post { $0.take(snapshot, bound: sockets) } }
    }
  }

  // MARK: The admin socket

  static let adminName = "(admin)"

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

  /// Of a clock that nobody sets.
  static func milliseconds() -> Int64 { Worker.microseconds() / 1000 }
}

extension Snapshot {
  fileprivate func adding(_ listener: ListenerState) -> Snapshot {
    Snapshot(configuration: configuration, listeners: listeners + [listener], clusters: clusters)
  }
}
