package import Credentials
package import Ledger
import Synchronization

/// The revoked certificates, in memory, so that a handshake can be checked without a query. Follows the ledger.
package final class KnownRevocations: Sendable {
  /// A certificate by its issuer's key and its serial.
  package struct Key: Hashable, Sendable {
    package var issuer: [UInt8]
    package var serial: [UInt8]

    package init(_ serial: SerialNumber, of issuer: IssuerReference) { self.init(serial, of: issuer.keyID) }

    /// - Parameter issuer: ``IssuerReference/keyID``.
    package init(_ serial: SerialNumber, of issuer: [UInt8]) {
      self.issuer = issuer
      self.serial = serial.magnitude
    }
  }

  private struct State {
    var revoked: Set<Key> = []
    var listeners: [@Sendable (Key) -> Void] = []
  }

  private let state = Mutex(State())

  package init() {}

  package func contains(_ key: Key) -> Bool { state.withLock { $0.revoked.contains(key) } }

  package var count: Int { state.withLock { $0.revoked.count } }

  /// Adds a revocation, and tells whoever listens if it is news.
  package func insert(_ key: Key) {
    let listeners = state.withLock { state in
      state.revoked.insert(key).inserted ? state.listeners : []
    }
    for listener in listeners { listener(key) }
  }

  /// Calls back for each revocation that becomes known from now on.
  package func onRevocation(_ listener: @escaping @Sendable (Key) -> Void) {
    state.withLock { $0.listeners.append(listener) }
  }
}
