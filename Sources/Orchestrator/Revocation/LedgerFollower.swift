import Credentials
import Foundation
package import Ledger
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps ``KnownRevocations`` up to date with the ledger: also with what another process revokes, such as
/// `countersign revoke` in the same home.
package final class LedgerFollower: Service {
  private let core: OrchestratorCore
  private let interval: Duration
  private let lastSequence = Mutex<Int64>(0)

  package init(core: OrchestratorCore, every interval: Duration = .seconds(1)) {
    self.core = core
    self.interval = interval
  }

  /// Reads all that was revoked since the last time; the first time, since the beginning. Called before anybody is
  /// served, so that nobody who is revoked gets in.
  package func catchUp() async throws(LedgerError) {
    while true {
      let last = lastSequence.withLock { $0 }
      let page = try await core.ledger.revocations(after: last, limit: 1000)
      guard let end = page.last?.sequence else { return }
      for event in page { core.revocations.insert(.init(event.serial, of: event.issuerKeyID)) }
      lastSequence.withLock { $0 = max($0, end) }
    }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      var isFailing = false
      while !Task.isCancelled {
        do throws(LedgerError) {
          try await catchUp()
          isFailing = false
        } catch {
          // Once for each time that it begins to fail, not each second.
          if !isFailing { core.logger.error("revocations can't be followed", metadata: ["error": "\(error.message)"]) }
          isFailing = true
        }
        try? await Task.sleep(for: interval)
      }
    }
  }
}
