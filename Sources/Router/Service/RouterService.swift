import Credentials
import Foundation
import Formats
import Glibc
package import Logging
import Synchronization

/// The router: its workers, and what tells them what holds.
package final class RouterService: Sendable {
  /// What the service needs of the outside.
  package struct Edge: Sendable {
    /// Reads and checks router.yaml.
    package var configuration: @Sendable () throws -> RouterConfiguration
    package var read: @Sendable (String) throws -> [UInt8]
    package var environment: [String: String]
    package var logger: Logger

    package init(
      configuration: @escaping @Sendable () throws -> RouterConfiguration,
      read: @escaping @Sendable (String) throws -> [UInt8], environment: [String: String], logger: Logger
    ) {
      self.configuration = configuration
      self.read = read
      self.environment = environment
      self.logger = logger
    }
  }

  private struct State {
    var snapshot: Snapshot?
    var sockets: ListeningSockets
    var isStopping = false
  }

  private let edge: Edge
  private let logger: Logger
  private let builder: SnapshotBuilder
  private let workers: [Worker]
  private let events: EventSink
  private let lines: LineWriter
  private let records = HandshakeRecords()
  private let state: Mutex<State>
  private let finished = DispatchGroup()

  /// Reads everything and binds all sockets; nobody is served before ``run()``.
  package init(_ edge: Edge) throws {
    self.edge = edge
    logger = edge.logger
    let configuration = try edge.configuration()
    lines = LineWriter(STDOUT_FILENO)
    events = EventSink(
      logger: edge.logger, access: configuration.log.access, lines: lines, records: records)
    let count = configuration.workers ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    var workers: [Worker] = []
    for index in 0..<count { workers.append(try Worker(index: index, events: events)) }
    self.workers = workers
    builder = SnapshotBuilder(reading: edge.read, resolved: Resolver.locations)
    state = Mutex(State(sockets: ListeningSockets(workers: count, environment: edge.environment)))
    try apply(configuration)
  }

  /// Where the listeners are, by name.
  package var addresses: [String: String] { state.withLock { $0.sockets.addresses } }

  /// Puts the configuration in force as it is now, or says why not; what was in force stays then.
  package func reload() throws { try apply(try edge.configuration()) }

  private func apply(_ configuration: RouterConfiguration) throws {
    try state.withLock { state in
      guard !state.isStopping else { return }
      let snapshot = try builder.build(configuration, after: state.snapshot, at: Date())
      let bound = try state.sockets.bind(configuration.listeners)
      state.snapshot = snapshot
      events.setAccess(configuration.log.access)
      for (worker, sockets) in zip(workers, bound) {
        worker.post { $0.take(snapshot, bound: sockets) }
      }
    }
  }

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
    finished.wait()
    lines.end()
  }

  package func stop() {
    let drain = state.withLock { state in
      state.isStopping = true
      return state.snapshot?.configuration.drain ?? .zero
    }
    for worker in workers { worker.post { $0.stop(within: drain.milliseconds) } }
  }
}
