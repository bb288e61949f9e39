import Credentials
package import Foundation
package import Ledger
package import Logging
import Synchronization

/// What all parts of the service share. Configuration and authority change while it runs: a part reads
/// ``current`` once for each request and works with that.
package final class OrchestratorCore: Sendable {
  package struct Snapshot: Sendable {
    package var configuration: OrchestratorConfiguration
    package var authority: LiveAuthority

    package init(configuration: OrchestratorConfiguration, authority: LiveAuthority) {
      self.configuration = configuration
      self.authority = authority
    }
  }

  package let ledger: any LiveLedger
  /// The time, from the edge: tests bring their own.
  package let clock: @Sendable () -> Date
  package let logger: Logger
  /// Which certificates are revoked, as far as the ledger knew a moment ago.
  package let revocations: KnownRevocations
  package let metrics: ServiceMetrics
  /// Which nodes proved themselves, until it is written down.
  package let sightings = Sightings()
  /// Serials of the signing issuer that are on the disk already.
  package let serials = SerialSupply {
    var random = SystemRandomNumberGenerator()
    return .random(using: &random)
  }
  private let snapshot: Mutex<Snapshot>

  package init(
    _ snapshot: Snapshot, ledger: any LiveLedger, clock: @escaping @Sendable () -> Date = { Date() }, logger: Logger,
    metrics: ServiceMetrics = ServiceMetrics()
  ) {
    self.snapshot = Mutex(snapshot)
    self.ledger = ledger
    self.clock = clock
    self.logger = logger
    self.metrics = metrics
    revocations = KnownRevocations()
  }

  package var current: Snapshot { snapshot.withLock { $0 } }

  /// Puts another configuration or authority in force for all requests that begin after this.
  package func replace(_ new: Snapshot) { snapshot.withLock { $0 = new } }
}
