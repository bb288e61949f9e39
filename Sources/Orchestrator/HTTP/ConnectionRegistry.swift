package import Foundation
package import Logging
import NIOCore
import Synchronization
import X509

/// All connections that are open: how many, from where, and with whose certificates.
package final class ConnectionRegistry: Sendable {
  private struct State {
    var counters = TransportCounters()
    var perNetwork: [[UInt8]: Int] = [:]
    /// Connections of other event loops that are about to make room: their places are free already.
    var leaving = 0
    var shards: [ObjectIdentifier: NIOLoopBound<ConnectionShard>] = [:]
    /// Connections of clients with certificates, by what revokes them.
    var byRevocation: [KnownRevocations.Key: [ObjectIdentifier: Connection]] = [:]
    var withPeer: [ObjectIdentifier: Connection] = [:]
  }

  package let limits: TransportLimits
  let logger: Logger
  private let clock: @Sendable () -> Date
  private let revocations: KnownRevocations
  private let state = Mutex(State())

  package init(
    limits: TransportLimits, revocations: KnownRevocations, clock: @escaping @Sendable () -> Date, logger: Logger
  ) {
    self.limits = limits
    self.clock = clock
    self.revocations = revocations
    self.logger = logger
    revocations.onRevocation { [weak self] in self?.closeRevoked($0) }
  }

  var now: Date { clock() }

  package var counters: TransportCounters { state.withLock { $0.counters } }

  /// Closes the connections of clients with certificates that the condition holds for.
  ///
  /// - Returns: how many.
  @discardableResult
  package func close(
    for reason: TransportCounters.Closing, where condition: @Sendable (AdmittedPeer) -> Bool
  ) -> Int {
    let candidates = state.withLock { Array($0.withPeer.values) }
    var count = 0
    for connection in candidates {
      guard let peer = connection.peer, condition(peer) else { continue }
      close(connection, for: reason)
      count += 1
    }
    return count
  }

  private func closeRevoked(_ key: KnownRevocations.Key) {
    let connections = state.withLock { $0.byRevocation[key].map { Array($0.values) } ?? [] }
    for connection in connections { close(connection, for: .peerRevoked) }
  }
}

// MARK: - What connections report

extension ConnectionRegistry {
  enum Acceptance {
    case accepted
    /// All places are taken: one whose handshake is not completed may have to go.
    case full
    case tooManyFromAddress
  }

  func accept(_ connection: Connection) -> Acceptance {
    state.withLock { state in
      let count = state.perNetwork[connection.source.network, default: 0]
      if count >= limits.connectionsPerAddress { return .tooManyFromAddress }
      if state.counters.open - state.leaving >= limits.connections { return .full }
      state.perNetwork[connection.source.network] = count + 1
      state.counters.accepted += 1
      state.counters.open += 1
      if connection.isSecure { state.counters.handshaking += 1 }
      return .accepted
    }
  }

  /// Has a connection of another event loop make room whose handshake is not completed.
  ///
  /// - Returns: whether there is a place now.
  func crowdOut(elsewhereThan loop: any EventLoop) -> Bool {
    let shards = state.withLock { state -> [NIOLoopBound<ConnectionShard>] in
      guard state.leaving < state.counters.handshaking else { return [] }
      let shards = state.shards.filter { $0.key != ObjectIdentifier(loop) }.map(\.value)
      if !shards.isEmpty { state.leaving += 1 }
      return shards
    }
    guard !shards.isEmpty else { return false }
    crowdOut(in: shards[...])
    return true
  }

  private func crowdOut(in shards: ArraySlice<NIOLoopBound<ConnectionShard>>) {
    guard let shard = shards.first else { return state.withLock { $0.leaving -= 1 } }
    shard.eventLoop.execute { [self] in
      guard shard.value.crowdOutOldest() else { return crowdOut(in: shards.dropFirst()) }
      state.withLock { $0.leaving -= 1 }
    }
  }

  func closed(_ connection: Connection, wasHandshaking: Bool) {
    state.withLock { state in
      state.counters.open -= 1
      if wasHandshaking { state.counters.handshaking -= 1 }
      let count = state.perNetwork[connection.source.network, default: 1] - 1
      state.perNetwork[connection.source.network] = count > 0 ? count : nil
      let id = ObjectIdentifier(connection)
      guard let peer = connection.peer, state.withPeer.removeValue(forKey: id) != nil else { return }
      for key in peer.revocationKeys {
        state.byRevocation[key]?.removeValue(forKey: id)
        if state.byRevocation[key]?.isEmpty == true { state.byRevocation[key] = nil }
      }
    }
  }

  /// A client with a certificate is let in. Its revocation may have come between the check and this: it is asked again
  /// once the connection can be found by it.
  ///
  /// - Returns: whether it is revoked.
  func entered(_ connection: Connection, as peer: AdmittedPeer) -> Bool {
    state.withLock { state in
      let id = ObjectIdentifier(connection)
      state.withPeer[id] = connection
      for key in peer.revocationKeys { state.byRevocation[key, default: [:]][id] = connection }
    }
    return peer.revocationKeys.contains(where: revocations.contains)
  }

  func count(_ handshake: TransportCounters.Handshake, hadBegun: Bool = true) {
    state.withLock { state in
      state.counters.handshakes[handshake, default: 0] += 1
      if hadBegun { state.counters.handshaking -= 1 }
    }
  }

  func count(_ closing: TransportCounters.Closing) {
    state.withLock { $0.counters.closings[closing, default: 0] += 1 }
  }

  /// Closes a connection, for the first reason that is found: TLS says goodbye first, which may take a while.
  func close(_ connection: Connection, for reason: TransportCounters.Closing) {
    guard connection.bar() else { return }
    count(reason)
    logger.log(
      level: connection.peer == nil ? .debug : .info, "closed a connection",
      metadata: [
        "source": "\(connection.source.text)", "reason": "\(reason.rawValue)",
        "peer": "\(connection.peer?.identity.certificate.subject.description ?? "none")",
      ])
    connection.channel.close(promise: nil)
  }

  /// The connections of an event loop. Called on it.
  func shard(of loop: any EventLoop) -> ConnectionShard {
    let id = ObjectIdentifier(loop)
    if let known = state.withLock({ $0.shards[id] }) { return known.value }
    let new = NIOLoopBound(ConnectionShard(loop: loop, limits: limits, clock: clock), eventLoop: loop)
    state.withLock { $0.shards[id] = new }
    return new.value
  }
}

/// One open connection, as other threads see it.
final class Connection: Sendable {
  let channel: any Channel
  let source: SourceAddress
  let isSecure: Bool
  private let admitted = Mutex<AdmittedPeer?>(nil)
  private let barred = Atomic(false)

  init(_ channel: any Channel, isSecure: Bool) {
    self.channel = channel
    self.isSecure = isSecure
    source = SourceAddress(channel.remoteAddress)
  }

  var peer: AdmittedPeer? { admitted.withLock { $0 } }

  /// Whether nothing more is answered on it, even if closing it takes a moment.
  var isBarred: Bool { barred.load(ordering: .relaxed) }

  /// - Returns: false where it was done already.
  func bar() -> Bool { !barred.exchange(true, ordering: .relaxed) }

  func enter(as peer: AdmittedPeer?) { admitted.withLock { $0 = peer } }

  var facts: ConnectionFacts { ConnectionFacts(source: source.text, isSecure: isSecure, peer: peer?.identity) }
}
