import Ledger
import Logging
import ServiceLifecycle

/// Writes down every few seconds, and at the end, which nodes proved themselves.
struct SightingsWriter: Service {
  static let interval: Duration = .seconds(5)

  let core: OrchestratorCore

  func run() async throws {
    await repeatedly(every: Self.interval) { await write() }
    await write()
  }

  private func write() async {
    let sightings = core.sightings.drain()
    guard !sightings.isEmpty else { return }
    do {
      try await core.ledger.saw(sightings)
    } catch {
      core.sightings.restore(sightings)
      core.logger.warning("sightings not written", metadata: ["error": "\(error.message)"])
    }
  }
}

/// Does something at intervals until the service stops.
func repeatedly(every interval: Duration, _ body: @escaping @Sendable () async -> Void) async {
  await cancelWhenGracefulShutdown {
    while !Task.isCancelled {
      do { try await Task.sleep(for: interval) } catch { return }
      await body()
    }
  }
}
