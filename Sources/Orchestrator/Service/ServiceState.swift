package import Foundation
import Synchronization

/// How far the service is, for /readyz and for those who wait until it listens.
package final class ServiceState: Sendable {
  package struct Values: Sendable {
    /// The ports that the system gave or confirmed, once each listener has its socket.
    package var port: Int?
    package var publicPort: Int?
    package var isStopping = false
    package var ownCertificateEnd: Date?
  }

  private let values = Mutex(Values())

  package init() {}

  package var current: Values { values.withLock { $0 } }

  package func update(_ body: @Sendable (inout Values) -> Void) { values.withLock { body(&$0) } }
}
