import Foundation

/// Bytes both ways, whatever they mean.
final class Tunnel: Exchange, UpstreamUser {
  private unowned let connection: Connection
  private let worker: Worker
  private var upstream: Upstream?
  /// What the client sent before a backend was there.
  private var early = PendingBytes()
  private var tried: [Endpoint] = []
  private let hello: ClientHello?

  init(_ connection: Connection, first hello: ClientHello?) {
    self.connection = connection
    self.hello = hello
    worker = connection.worker
  }

  // MARK: Begin

  func begin() {
    guard let cluster else {
      return connection.close(.noRoute("no route for \(hello?.serverName ?? "a client that names no server")"))
    }
    connect(to: cluster)
  }

  private var cluster: ClusterState? {
    let listener = connection.listener
    guard listener.configuration.protocol == .passthrough else { return listener.cluster }
    guard let name = hello?.serverName else { return listener.cluster }
    return listener.routes.first { $0.configuration.host?.matches(name) ?? true }?.cluster ?? listener.cluster
  }

  private func connect(to cluster: ClusterState) {
    guard let endpoint = cluster.choose(except: tried, now: worker.now) else {
      return connection.close(.backend(code: "none", message: "\(cluster.name) has no endpoint"))
    }
    tried.append(endpoint)
    connection.note(cluster: cluster.name, endpoint: endpoint.location.address)
    let upstream = Upstream(
      to: endpoint, of: cluster, for: self, preface: connection.proxyHeader(for: cluster), worker: worker)
    self.upstream = upstream
    upstream.connect()
  }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) {
    guard upstream === self.upstream else { return }
    self.upstream = nil
    // Once something was said, there is no other to say the rest to.
    guard !upstream.wasReady, tried.count <= upstream.cluster.configuration.retries,
      tried.count < upstream.cluster.current.count
    else {
      return connection.close(
        .backend(code: failure.code, message: "\(upstream.endpoint.location.address): \(failure.message)"))
    }
    connect(to: upstream.cluster)
  }

  func upstreamIsReady(_ upstream: Upstream) {
    guard let side = upstream.side else { return }
    early.take { bytes in
      side.write(bytes)
      return bytes.count
    }
    forward()
  }

  // MARK: Forward

  func clientIsReady() {
    guard let upstream, upstream.state == .ready else { return readEarly() }
    forward()
  }

  /// One worker's buffer full is taken before there is a backend; the rest waits where it is.
  private func readEarly() {
    connection.client.drain()
    guard early.isEmpty else { return }
    switch connection.client.read() {
    case .bytes(let bytes):
      connection.count(received: bytes.count)
      early.append(bytes)
    case .failed: connection.close(.client(connection.client.failure ?? .ended))
    case .nothing, .end: break
    }
  }

  func upstream(_ upstream: Upstream, isReady side: Side) {
    connection.lastActivity = worker.now
    forward()
  }

  private func forward() {
    guard let backend = upstream?.side else { return }
    let client = connection.client
    client.drain()
    backend.drain()
    let received = pump(client, to: backend)
    let sent = pump(backend, to: client)
    connection.count(received: received)
    connection.count(sent: sent)
    if let failure = client.failure {
      // One that has said all may go without hearing the rest.
      return connection.close(client.inputHasEnded ? .finished : .client(failure))
    }
    if let failure = backend.failure {
      return connection.close(.backend(code: Upstream.Failure.side(failure).code, message: failure.message))
    }
    if client.outputHasEnded, backend.outputHasEnded { connection.close(.finished) }
  }

  /// How much of one direction is moved before the others have their turn.
  private static let share = 2 * TLSBytes.inputCapacity

  /// - Returns: how many bytes went.
  private func pump(_ source: Side, to target: Side) -> Int {
    var moved = 0
    while !target.isCongested, source.failure == nil {
      guard moved < Self.share else {
        worker.continueLater(connection)
        return moved
      }
      switch source.read() {
      case .bytes(let bytes):
        moved += bytes.count
        target.write(bytes)
        source.adapt(to: bytes.count, wasTaken: !target.isCongested)
      case .nothing:
        return moved
      case .failed:
        return moved
      case .end:
        target.end()
        return moved
      }
    }
    return moved
  }

  // MARK: End

  var deadline: Int64 { .max }

  func deadlinePassed() {}

  func isToEndSoon() {}

  func close() {
    if let name = upstream?.cluster.name {
      let counters = worker.counters.cluster(name)
      counters.received += connection.facts.sent
      counters.sent += connection.facts.received
    }
    upstream?.close()
  }
}
