import Credentials
import Foundation
import Synchronization

/// A listener as one snapshot has it.
package final class ListenerState: Sendable {
  package let configuration: ListenerConfiguration
  /// Nil where it doesn't speak TLS with its clients.
  let tls: TLSContext?
  /// What the context was made of.
  let recipe: TLSRecipe?
  let cluster: ClusterState?
  let routes: [RouteState]
  let gauges: ListenerGauges
  let forwarded: ForwardedIdentity
  /// Answers its requests itself: the admin socket.
  let admin: Admin?
  /// Whether its socket was made elsewhere, so that all workers wait for the same.
  let sharesSocket: Bool

  package var name: String { configuration.name }
  var limits: ListenerLimits { configuration.limits }
  var rules: IdentityRules? { configuration.clients?.rules }
  /// When its revocation lists are too old; where none has come, since when they are wanted.
  var revocationStaleSince: Date? { recipe?.listsMissingSince ?? tls?.trust?.revocation?.staleSince }

  init(
    _ configuration: ListenerConfiguration, tls: TLSContext?, recipe: TLSRecipe?, cluster: ClusterState?,
    routes: [RouteState], gauges: ListenerGauges, admin: Admin? = nil
  ) {
    self.configuration = configuration
    self.tls = tls
    self.recipe = recipe
    self.cluster = cluster
    self.routes = routes
    self.gauges = gauges
    forwarded = ForwardedIdentity(configuration.headers)
    self.admin = admin
    if case .address = configuration.listen { sharesSocket = false } else { sharesSocket = true }
  }
}

/// A route of a listener with the cluster that it leads to.
package struct RouteState: Sendable {
  let configuration: RouteConfiguration
  let cluster: ClusterState
}

/// What all workers together have of one listener. Outlives snapshots.
package final class ListenerGauges: Sendable {
  private let open = Atomic<Int>(0)
  private let identities = Mutex<[String: Int]>([:])
  private let handshakes = Mutex(HandshakeRate())

  package init() {}

  /// - Returns: whether there was room.
  func take(limit: Int) -> Bool {
    guard open.add(1, ordering: .relaxed).newValue <= limit else {
      open.subtract(1, ordering: .relaxed)
      return false
    }
    return true
  }

  func giveBack() { open.subtract(1, ordering: .relaxed) }

  func take(identity: String, limit: Int) -> Bool {
    identities.withLock { identities in
      let count = identities[identity, default: 0]
      guard count < limit else { return false }
      identities[identity] = count + 1
      return true
    }
  }

  func giveBack(identity: String) {
    identities.withLock { identities in
      guard let count = identities[identity] else { return }
      identities[identity] = count > 1 ? count - 1 : nil
    }
  }

  /// - Parameter now: milliseconds.
  func mayHandshake(perSecond limit: Int, now: Int64) -> Bool {
    handshakes.withLock { $0.take(limit: limit, now: now) }
  }
}

/// A bucket that fills with the handshakes of one second.
struct HandshakeRate {
  private var left = 0.0
  private var filled: Int64?

  mutating func take(limit: Int, now: Int64) -> Bool {
    let gone = filled.map { Double(max(0, now - $0)) / 1000 } ?? 1
    left = min(Double(limit), left + gone * Double(limit))
    filled = now
    guard left >= 1 else { return false }
    left -= 1
    return true
  }
}
