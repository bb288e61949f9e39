import Foundation

/// A connection to a backend that speaks HTTP/1.1: one transaction after the other.
final class HTTP1Backend: UpstreamUser, HTTPBackendStream, HTTPBackendAttempt, HTTP1ParserUser, Flushable, Resumable {
  var isQueued = false
  var waitsForItsTurn = false
  private let worker: Worker
  private unowned let pool: BackendPool
  private var upstream: Upstream?
  private let parser: HTTP1Parser
  private var transaction: HTTPTransaction?
  private var out = HTTP1Output()
  /// It has served a transaction before: a backend may have closed it unnoticed.
  private var wasUsed = false
  private var hasAnswered = false
  private var requestIsWhole = false
  private var isChunked = false
  private var keepsAlive = true
  private var isRaw = false
  let cluster: ClusterState
  let place: BackendPool.Place
  /// How long it may lie idle.
  private static let patience: Int64 = 60_000

  static func open(
    _ endpoint: Endpoint, of cluster: ClusterState, for transaction: HTTPTransaction, pool: BackendPool, worker: Worker
  ) {
    let backend = HTTP1Backend(cluster, at: BackendPool.Place(cluster, endpoint), pool: pool, worker: worker)
    backend.transaction = transaction
    backend.connect(to: endpoint)
  }

  private init(_ cluster: ClusterState, at place: BackendPool.Place, pool: BackendPool, worker: Worker) {
    self.cluster = cluster
    self.place = place
    self.pool = pool
    self.worker = worker
    parser = HTTP1Parser(.response, headLimit: 256 << 10)
    parser.user = self
  }

  // MARK: The connection

  private func connect(to endpoint: Endpoint) {
    transaction?.tried.append(endpoint)
    transaction?.attempt = self
    let upstream = Upstream(to: endpoint, of: cluster, for: self, worker: worker)
    self.upstream = upstream
    // It lives as long as somebody waits for it.
    worker.hold(self)
    upstream.connect()
  }

  func upstreamIsReady(_ upstream: Upstream) { start() }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) {
    guard upstream === self.upstream else { return }
    fail(failure.code, "\(upstream.endpoint.location.address): \(failure.message)", isUnused: !upstream.wasReady)
  }

  var isUsable: Bool {
    guard let side = upstream?.side else { return false }
    return side.isOpen && side.failure == nil && !side.inputHasEnded
  }

  func upstreamIsUnused(_ upstream: Upstream) { close() }

  func begin(_ transaction: HTTPTransaction) {
    upstream?.isUsedAgain()
    self.transaction = transaction
    start()
  }

  private func start() {
    guard let transaction, let upstream else { return }
    hasAnswered = false
    requestIsWhole = false
    let request = transaction.request
    transaction.connection.note(cluster: cluster.name, endpoint: upstream.endpoint.location.address)
    if request.method == "HEAD" { parser.expectNoBody() }
    isChunked = request.hasBody && request.length == nil
    out.begin(
      request, fields: transaction.forwardedFields(), identity: transaction.connection.forwardedIdentity(),
      isChunked: isChunked)
    transaction.backendIsReady(self)
    flush()
  }

  // MARK: The request

  var isCongested: Bool { upstream?.side?.isCongested ?? true }

  func send(body bytes: UnsafeRawBufferPointer) {
    if isRaw {
      out.append(bytes)
    } else {
      out.append(body: bytes, isChunked: isChunked)
    }
    if out.count >= HTTP1Output.flushAt { flush() }
    // What was appended since the last event goes with its end.
    worker.flushLater(self)
  }

  func end(_ trailers: HTTPFields?) {
    if isRaw {
      flush()
      upstream?.side?.end()
      return
    }
    requestIsWhole = true
    if isChunked { out.endChunks(trailers) }
    worker.flushLater(self)
  }

  func flush() {
    guard let side = upstream?.side, upstream?.state == .ready else { return }
    out.take { side.write($0) }
  }

  func cancel() {
    transaction = nil
    close()
  }

  func giveUp() { cancel() }

  func isAbandoned(by transaction: HTTPTransaction) { if transaction === self.transaction { cancel() } }

  // MARK: The answer

  func upstream(_ upstream: Upstream, isReady side: Side) {
    let wasCongested = side.isCongested
    side.drain()
    if wasCongested, !side.isCongested { transaction?.clientStreamWantsMore() }
    read()
  }

  func goOn() { read() }

  private func read() {
    guard let side = upstream?.side, side.isOpen else { return }
    var share = Worker.share
    while transaction?.clientIsCongested != true {
      guard share > 0 else { return worker.continueLater(self) }
      switch side.read() {
      case .nothing: return
      case .failed:
        return fail("cut", side.failure?.message ?? "the connection was cut", isUnused: false)
      case .end: return ended()
      case .bytes(let bytes):
        share -= bytes.count
        guard take(bytes) else { return }
      }
    }
  }

  /// - Returns: whether it goes on.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let transaction else {
      // A backend has nothing to say unasked; some say why they close.
      close()
      return false
    }
    if isRaw {
      transaction.response(body: bytes)
      return true
    }
    var rest = bytes
    while !rest.isEmpty {
      switch parser.parse(rest) {
      case .needsMore: return self.transaction != nil
      case .message(let used), .upgraded(let used):
        rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        if isRaw {
          if !rest.isEmpty { self.transaction?.response(body: rest) }
          return true
        }
        if !rest.isEmpty, self.transaction == nil {
          close()
          return false
        }
      case .tooLarge:
        fail("malformed", "the head of the backend's answer is too large", isUnused: false)
        return false
      case .malformed(let what):
        fail("malformed", "the backend's answer can't be read: \(what)", isUnused: false)
        return false
      }
    }
    return self.transaction != nil
  }

  func parserFoundHead(_ parser: HTTP1Parser) {
    guard let transaction else { return }
    hasAnswered = true
    let status = parser.status
    var fields = parser.takeFields()
    // Nobody becomes raw who didn't ask for it.
    let isUnasked = status == 101 && transaction.request.upgrade == nil
    guard status >= 100, !isUnasked, parser.isVersion1, !fields.hasUnknownLength else {
      return fail("malformed", "the backend's answer can't be followed", isUnused: false)
    }
    var head = HTTPResponseHead(status: status, fields: HTTPFields(), length: nil)
    if status == 101, let upgrade = transaction.request.upgrade {
      isRaw = true
      fields.removeHopByHop()
      fields.add("connection", "upgrade")
      fields.add("upgrade", upgrade)
      head.hasBody = false
    } else {
      keepsAlive = parser.keepsAlive && !parser.endsWithConnection
      head.length = fields.contentLength
      head.hasBody = status >= 200 && status != 204 && status != 304 && transaction.request.method != "HEAD"
      fields.removeHopByHop()
    }
    head.fields = fields
    transaction.response(head)
  }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) { transaction?.response(body: bytes) }

  func parserFoundEnd(_ parser: HTTP1Parser) {
    guard !isRaw, let transaction else { return }
    // An interim answer: the real one follows.
    guard parser.status >= 200 else { return }
    let trailers = parser.isInTrailers && !parser.fields.isEmpty ? parser.fields : nil
    self.transaction = nil
    transaction.endOfResponse(trailers)
    wasUsed = true
    guard keepsAlive, requestIsWhole, isUsable, pool.keep(self) else { return close() }
    upstream?.rest(for: Self.patience)
  }

  private func ended() {
    if isRaw {
      let transaction = self.transaction
      self.transaction = nil
      transaction?.endOfResponse(nil)
      return close()
    }
    guard let transaction else { return close() }
    if hasAnswered, parser.finish(), self.transaction == nil { return close() }
    if self.transaction === transaction {
      fail("cut", "the backend closed the connection before it had answered", isUnused: false)
    } else {
      close()
    }
  }

  // MARK: The end

  private func fail(_ code: String, _ message: String, isUnused: Bool) {
    let transaction = self.transaction
    self.transaction = nil
    close()
    transaction?.backendFailed(
      code, message, isUnused: isUnused || wasUsed && !hasAnswered && transaction?.request.isRepeatable == true)
  }

  func close() {
    pool.remove(self)
    upstream?.close()
    worker.letGo(self)
  }
}
