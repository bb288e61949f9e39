import Foundation
import Glibc
import Hummingbird
import Logging
import ServiceLifecycle
import TLSRuntime
import UnixSignals

/// The service: puts its parts together and runs them until it is told to stop.
///
/// This is the one place that knows all parts. A part is a ``RouteProvider``, a `Service`, or both.
package struct OrchestratorService: Sendable {
  private let core: OrchestratorCore
  private let edge: ServiceEdge
  private let state = ServiceState()
  private let follower: LedgerFollower
  private let publisher: CRLPublisher
  private let statusResponder: OCSPResponder
  private let enrolment: EnrolmentParts

  package init(core: OrchestratorCore, edge: ServiceEdge) {
    self.core = core
    self.edge = edge
    follower = LedgerFollower(core: core)
    publisher = CRLPublisher(core: core)
    statusResponder = OCSPResponder(core: core)
    enrolment = EnrolmentParts(core: core)
  }

  /// Serves until SIGTERM or SIGINT. Requests under way may end within the configured time.
  /// - Throws: ``ServiceFailure/cannotListen(_:reason:isTaken:)``, and what keeps it from having a certificate.
  package func run() async throws {
    let own = OwnCertificate(core: core, store: edge.credentials, state: state, jitter: edge.jitter)
    try await own.renewIfDue()
    guard let credential = own.credential else { return }
    let transport = try SecureTransport(core, credential: credential)
    // Nobody who is revoked gets in, from the first connection on.
    try await follower.catchUp()
    core.metrics.build(version: edge.version)
    core.metrics.reloaded(successfully: true, at: core.clock())
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
    let listeners = self.listeners(transport) { continuation.yield() }
    let background = BackgroundServices(
      core: core, state: state, edge: edge, listening: listening, listeners: listeners.count,
      prepare: { [publisher, statusResponder] in
        await publisher.publishDue()
        await statusResponder.renewDue()
      }, services: backgroundServices(own, transport, hangups: hangups))
    let notice = StopNotice(
      state: state, notification: edge.notification, logger: core.logger,
      deadline: core.current.configuration.server.shutdownTimeout + .seconds(3))
    // They are stopped in reverse: first nothing new is let in, then what works behind the listeners ends.
    var configuration = ServiceGroupConfiguration(
      services: ([background] + listeners + [notice] as [any Service]).map { .init(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
    configuration.maximumGracefulShutdownDuration = notice.deadline
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch  where state.current.isStopping {
      // What did not end within its time was cancelled.
      core.logger.warning("stopped before all requests were answered", metadata: ["error": "\(error.logged)"])
    }
  }

  // MARK: Parts

  /// What is served over TLS.
  private func routes(_ transport: SecureTransport) -> [any RouteProvider] {
    let readiness = Readiness(core: core, state: state, publisher: publisher, connections: transport.registry)
    return [
      OperationRoutes(core: core, readiness: readiness),
      AdminRoutes(core: core, publisher: publisher, decisions: enrolment.decisions),
    ] + enrolment.routes + publicRoutes
  }

  /// What is also served over plain HTTP, because a client that checks a certificate can't need TLS for it
  /// (RFC 5280 §8).
  private var publicRoutes: [any RouteProvider] {
    [RevocationRoutes(core: core, responder: statusResponder, publisher: publisher)]
  }

  private func backgroundServices(
    _ own: OwnCertificate, _ transport: SecureTransport, hangups: UnixSignalsSequence
  ) -> [any Service] {
    let publish: @Sendable (TLSCredential) async throws -> Void = { [core] credential in
      try transport.replace(credential: credential, trust: PeerTrust(core.current))
    }
    var services: [any Service] = [
      SightingsWriter(core: core), follower, publisher, statusResponder,
      OwnCertificateRenewal(own: own, logger: core.logger, clock: core.clock, publish: publish),
      Reloading(core: core, edge: edge, own: own, hangups: hangups, publish: publish),
    ]
    services += enrolment.services
    if let watchdog = edge.notification.watchdogService { services.append(watchdog) }
    return services
  }

  private func listeners(_ transport: SecureTransport, _ onListening: @escaping @Sendable () -> Void) -> [Listener] {
    let configuration = core.current.configuration
    var listeners = [
      Listener(
        address: configuration.listen, connections: transport.mutualTLS(responder(routes(transport)), logger: quiet),
        onListening: { [state] port in
          state.update { $0.port = port }
          onListening()
        })
    ]
    if let address = configuration.publicListen {
      listeners.append(
        Listener(
          address: address, connections: transport.plain(responder(publicRoutes), logger: quiet),
          onListening: { [state] port in
            state.update { $0.publicPort = port }
            onListening()
          }))
    }
    return listeners
  }

  private func responder(_ routes: [any RouteProvider]) -> RouterResponder<ServiceContext> {
    let router = Router(context: ServiceContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: RequestEdge(core: core))
    for provider in routes { provider.addRoutes(to: router) }
    router.refuseOtherMethods()
    return router.buildResponder()
  }

  /// For the libraries, whose words about each start and end say what we say already.
  private var quiet: Logger {
    var logger = core.logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }
}

/// Says that the service is stopping as soon as it is told to, and ends the process where its end doesn't come.
private struct StopNotice: Service {
  let state: ServiceState
  let notification: SystemdNotification
  let logger: Logger
  let deadline: Duration

  /// After the deadline everything is cancelled; what doesn't heed that either is cut off after this.
  private static let grace: Duration = .seconds(5)

  func run() async throws {
    try await gracefulShutdown()
    state.update { $0.isStopping = true }
    notification.stopping()
    logger.notice("stopping")
    let last = deadline + Self.grace
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: last.milliseconds / 1000)
      logger.critical("not stopped in time; the process ends")
      _exit(3)
    }
  }
}
