import Foundation
import Logging
import NIOCore
import TLSRuntime

/// One connection on its event loop: how far it is, and until when it has to have moved on.
final class ConnectionWatch: HandshakeObserver {
  typealias Peer = AdmittedPeer

  enum Phase {
    /// Connected, and nothing said.
    case waiting
    case handshaking
    case open
    case closed
  }

  let connection: Connection
  let registry: ConnectionRegistry
  fileprivate let shard: ConnectionShard
  fileprivate(set) var phase: Phase
  var id = 0
  private var deadline: NIODeadline
  private var deadlineReason: TransportCounters.Closing = .handshakeTimeout
  /// Requests being read or answered; of HTTP/1 always one, which may be idle.
  private var exchanges: [ObjectIdentifier: RequestAssembler] = [:]
  /// Whether the connection itself is idle when no request is under way. HTTP/1 has its one exchange for that.
  private var isMultiplexed = false
  private var isCutOff = false
  private var promise: EventLoopPromise<NegotiatedHTTP>?
  /// What was agreed on with the client, once it is let in.
  let negotiated: EventLoopFuture<NegotiatedHTTP>

  init(_ connection: Connection, registry: ConnectionRegistry) {
    self.connection = connection
    self.registry = registry
    let promise = connection.channel.eventLoop.makePromise(of: NegotiatedHTTP.self)
    self.promise = promise
    negotiated = promise.futureResult
    shard = registry.shard(of: connection.channel.eventLoop)
    phase = connection.isSecure ? .waiting : .open
    deadline = connection.isSecure ? .now() + registry.limits.handshakeTimeout : .distantFuture
  }

  var isHandshaking: Bool { phase == .waiting || phase == .handshaking }
  var limits: TransportLimits { registry.limits }
  /// What answers the connection's requests.
  var executor: EventLoopExecutor { shard.executor }

  /// Takes a place for the connection, or closes it.
  func accept() -> Bool {
    var acceptance = registry.accept(connection)
    // Connections of another event loop may be quicker to take the place.
    while case .full = acceptance, shard.crowdOutOldest() { acceptance = registry.accept(connection) }
    if case .full = acceptance, registry.crowdOut(elsewhereThan: connection.channel.eventLoop) {
      acceptance = registry.accept(connection)
    }
    switch acceptance {
    case .accepted: break
    case .full, .tooManyFromAddress:
      phase = .closed
      fail(ChannelError.ioOnClosedChannel)
      registry.close(
        connection, for: acceptance == .full ? .tooManyConnections : .tooManyFromAddress)
      return false
    }
    shard.insert(self)
    connection.channel.closeFuture.assumeIsolated().whenComplete { _ in self.closed() }
    return true
  }

  private func closed() {
    leave()
    fail(ChannelError.ioOnClosedChannel)
    exchanges = [:]
  }

  private func leave() {
    guard phase != .closed else { return }
    registry.closed(connection, wasHandshaking: isHandshaking)
    shard.remove(self)
    phase = .closed
  }

  /// Is closed in favour of another, which has its place at once: closing takes a moment.
  func makeRoom() {
    guard phase != .closed else { return }
    leave()
    // Without TLS's goodbye: in a flood that would be half of the work.
    cut()
    registry.close(connection, for: .crowdedOut)
  }

  func close(for reason: TransportCounters.Closing) {
    guard phase != .closed else { return }
    // Once is enough; a client that doesn't answer the closing is cut by TLS.
    deadline = .distantFuture
    registry.close(connection, for: reason)
  }

  /// Ends the connection of a client that breaks the protocol, whatever it is still saying.
  func cutOff() {
    guard phase != .closed, !isCutOff else { return }
    isCutOff = true
    close(for: .protocolError)
    cut()
  }

  /// TLS would say goodbye and wait for the client's.
  private func cut() {
    _ = try? connection.channel.pipeline.syncOperations.handler(type: CutOff.self).cut()
  }

  // MARK: The handshake

  func helloArrived(begin: @escaping () -> Void) {
    shard.takeTurn(from: connection.source.network) { [self] in
      guard phase == .waiting else { return }
      phase = .handshaking
      shard.began(self)
      begin()
    }
  }

  func handshakeCompleted(peer: AdmittedPeer?, applicationProtocol: String?) {
    guard phase != .closed else { return }
    shard.ended(self)
    phase = .open
    deadline = .distantFuture
    registry.count(peer == nil ? .withoutCertificate : .withCertificate)
    connection.enter(as: peer)
    if let peer, registry.entered(connection, as: peer) { return close(for: .peerRevoked) }
    open(applicationProtocol)
  }

  /// Sets up the pipeline for the version of HTTP that was agreed on.
  func open(_ applicationProtocol: String?) {
    do {
      let pipeline = HTTPPipeline(channel: connection.channel, watch: self)
      let negotiated = try pipeline.open(applicationProtocol)
      promise?.succeed(negotiated)
      promise = nil
    } catch {
      close(for: .protocolError)
    }
  }

  private func fail(_ error: any Error) {
    promise?.fail(error)
    promise = nil
  }

  func handshakeFailed(_ failure: ServerHandshakeFailure) {
    guard isHandshaking else { return }
    shard.ended(self)
    phase = .open
    deadline = .now() + limits.lingerTimeout
    let outcome: TransportCounters.Handshake
    var level = Logger.Level.debug
    var detail = ""
    switch failure {
    case .notTLS: outcome = .notTLS
    case .abandoned: outcome = .abandoned
    case .protocolError(let text):
      outcome = .protocolError
      detail = text
    case .refused(let refusal):
      outcome = .refused(refusal.cause.rawValue)
      detail = refusal.detail
      level = .info
    }
    registry.count(outcome)
    registry.logger.log(
      level: level, "handshake failed",
      metadata: [
        "source": "\(connection.source.text)", "outcome": "\(outcome.label)", "detail": "\(detail.prefix(500))",
      ])
    fail(failure)
  }

  // MARK: Requests

  func becomeMultiplexed() {
    isMultiplexed = true
    deadline = .now() + limits.idleTimeout
    deadlineReason = .idleTimeout
  }

  func add(_ exchange: RequestAssembler) {
    exchanges[ObjectIdentifier(exchange)] = exchange
    if isMultiplexed, deadlineReason == .idleTimeout { deadline = .distantFuture }
  }

  func remove(_ exchange: RequestAssembler) {
    exchanges[ObjectIdentifier(exchange)] = nil
    guard isMultiplexed, exchanges.isEmpty, phase == .open else { return }
    if deadlineReason == .idleTimeout { deadline = .now() + limits.idleTimeout }
  }

  /// The server stops: what is under way may end, but not for ever.
  func quiesce() {
    deadline = .now() + limits.shutdownTimeout
    deadlineReason = .shutdownTimeout
  }

  // MARK: Deadlines

  func look(at now: NIODeadline, _ date: Date) {
    guard phase != .closed else { return }
    if deadline <= now { return expire() }
    if let peer = connection.peer, date > peer.notAfter { return close(for: .peerExpired) }
    for exchange in exchanges.values where exchange.deadline <= now { exchange.expire(at: now) }
  }

  private func expire() {
    guard isMultiplexed, deadlineReason == .idleTimeout else { return close(for: deadlineReason) }
    // The polite end of HTTP/2: the client learns which requests were not looked at.
    registry.count(.idleTimeout)
    quiesce()
    connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
  }
}
