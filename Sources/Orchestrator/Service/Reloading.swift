import Credentials
import Foundation
import Ledger
import Logging
import ServiceLifecycle
import TLSRuntime
import UnixSignals

/// Reads the configuration again on SIGHUP. What is read is put in force whole, or not at all.
struct Reloading: Service {
  let core: OrchestratorCore
  let edge: ServiceEdge
  let own: OwnCertificate
  /// Trapped before anybody is told that the service is ready: one that comes then must not be lost.
  let hangups: UnixSignalsSequence
  /// Puts a credential and a trust into the listener.
  let publish: @Sendable (TLSCredential) async throws -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in hangups {
        edge.notification.reloading()
        await reload()
        edge.notification.reloaded("running")
      }
    }
  }

  private func reload() async {
    let before = core.current
    do {
      let new = try await edge.reload(before)
      try Self.check(new.configuration, against: before.configuration)
      core.replace(new)
      do {
        try await own.renewIfDue()
        if let credential = own.credential { try await publish(credential) }
      } catch {
        core.replace(before)
        throw error
      }
      core.metrics.reloaded(successfully: true, at: core.clock())
      core.logger.notice("configuration reloaded")
      await record(.serviceReloaded, [:])
    } catch {
      core.metrics.reloaded(successfully: false, at: core.clock())
      core.logger.error("configuration refused; the one before stays in force", metadata: ["error": "\(error.logged)"])
      await record(.configurationRefused, ["reason": "\((error as? any ExplainedError)?.message ?? "unknown")"])
    }
  }

  /// - Throws: ``ServiceFailure/needsRestart(_:)``.
  static func check(_ new: OrchestratorConfiguration, against old: OrchestratorConfiguration) throws(ServiceFailure) {
    if new.listen != old.listen { throw .needsRestart("listen") }
    if new.publicListen != old.publicListen { throw .needsRestart("publicListen") }
    if new.ledger != old.ledger { throw .needsRestart("ledger") }
    if new.server != old.server { throw .needsRestart("server") }
  }

  private func record(_ kind: EventKind, _ detail: [String: String]) async {
    let entry = EventEntry(
      kind: kind, actor: "orchestrator", subject: "orchestrator.yaml", detail: detail)
    do {
      try await core.ledger.append(entry, at: core.clock())
    } catch {
      core.logger.error("event not recorded", metadata: ["kind": "\(kind.rawValue)", "error": "\(error.message)"])
    }
  }
}
