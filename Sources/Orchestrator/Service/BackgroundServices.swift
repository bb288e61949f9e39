import Credentials
import Foundation
import Ledger
import Logging
import ServiceLifecycle

/// Waits until the listeners have their sockets, announces the service, and then runs what works in the background:
/// nothing of it begins where a port can't be had.
struct BackgroundServices: Service {
  let core: OrchestratorCore
  let state: ServiceState
  let edge: ServiceEdge
  /// Yields once for each listener that has its socket.
  let listening: AsyncStream<Void>
  let listeners: Int
  /// What has to be there before anybody is told that the service is ready.
  let prepare: @Sendable () async throws -> Void
  let services: [any Service]

  func run() async throws {
    let isListening = await cancelWhenGracefulShutdown { await allListening() }
    guard isListening, !Task.isCancelled else { return }
    try await prepare()
    try await announce()
    try await ServiceGroup(
      configuration: ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: quiet)
    ).run()
    await stop()
  }

  private func allListening() async -> Bool {
    var missing = listeners
    for await _ in listening {
      missing -= 1
      if missing == 0 { return true }
    }
    return false
  }

  private func announce() async throws {
    let configuration = core.current.configuration
    let values = state.current
    let port = values.port ?? configuration.listen.port
    let host = configuration.names.first?.text ?? "localhost"
    let url = "https://\(ListenAddress(host: host, port: port))"
    let now = core.clock()
    try await core.ledger.announce(
      ServiceRecord(url: url, rootHash: try core.current.authority.rootHash, startedAt: now))
    try await record(.serviceStarted, url, ["issuer": "issuer-\(core.current.authority.signing.reference.ordinal)"])
    core.logger.notice(
      "listening",
      metadata: [
        "url": "\(url)", "listen": "\(ListenAddress(host: configuration.listen.host, port: port))",
        "publicListen":
          "\(configuration.publicListen.map { "\(ListenAddress(host: $0.host, port: values.publicPort ?? $0.port))" } ?? "")",
      ])
    edge.notification.ready("listening on \(url)")
  }

  private func stop() async {
    do {
      try await record(.serviceStopped, "orchestrator", [:])
    } catch {
      core.logger.error("event not recorded", metadata: ["kind": "service.stopped", "error": "\(error.logged)"])
    }
    core.logger.notice("stopped")
  }

  private func record(_ kind: EventKind, _ subject: String, _ detail: [String: String]) async throws {
    let entry = EventEntry(
      kind: kind, actor: "orchestrator", subject: subject, detail: detail)
    try await core.ledger.append(entry, at: core.clock())
  }

  /// The library tells each service's start and end.
  private var quiet: Logger {
    var logger = core.logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
  }
}
