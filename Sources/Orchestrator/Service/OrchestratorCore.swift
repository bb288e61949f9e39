import Credentials
package import Foundation
package import Ledger
package import Logging
import Synchronization

/// What all parts of the service share. Configuration and authority change while it runs: a part reads
/// ``current`` once for each request and works with that.
package final class OrchestratorCore: Sendable {
  /// What is in force. Handed on by reference: every request has one, and there is much in it to copy.
  package struct Snapshot: Sendable {
    private final class Contents: Sendable {
      let configuration: OrchestratorConfiguration
      let authority: LiveAuthority

      init(_ configuration: OrchestratorConfiguration, _ authority: LiveAuthority) {
        self.configuration = configuration
        self.authority = authority
      }
    }

    private var contents: Contents

    package init(configuration: OrchestratorConfiguration, authority: LiveAuthority) {
      contents = Contents(configuration, authority)
    }

    package var configuration: OrchestratorConfiguration {
      get { contents.configuration }
      set { contents = Contents(newValue, contents.authority) }
    }

    package var authority: LiveAuthority {
      get { contents.authority }
      set { contents = Contents(contents.configuration, newValue) }
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
  package let serials = SerialSupply { count in
    var random = SystemRandomNumberGenerator()
    return SerialNumber.block(of: count, using: &random)
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
