import Foundation

/// A connection to a backend that speaks HTTP/2: many transactions at once.
final class HTTP2Backend: UpstreamUser, HTTPBackendAttempt, HTTP2SessionUser, Flushable, Resumable {
  fileprivate let worker: Worker
  private unowned let pool: BackendPool
  private var upstream: Upstream?
  fileprivate var session: HTTP2Session?
  private var streams: [Int32: HTTP2BackendStream] = [:]
  /// Until there is a connection.
  private var waiting: [HTTPTransaction] = []
  private var isEnding = false
  private var hasEnded = false
  /// When the backend said something last.
  private var lastHeard: Int64 = 0
  var isQueued = false
  var waitsForItsTurn = false
  /// How long it may lie idle.
  private static let patience: Int64 = 60_000
  private let cluster: ClusterState
  let place: BackendPool.Place

  /// - Returns: nil where it failed at once; the transaction knows it then.
  static func open(
    _ endpoint: Endpoint, of cluster: ClusterState, for transaction: HTTPTransaction, pool: BackendPool, worker: Worker
  ) -> HTTP2Backend? {
    let backend = HTTP2Backend(cluster, at: BackendPool.Place(cluster, endpoint), pool: pool, worker: worker)
    backend.wait(transaction)
    transaction.tried.append(endpoint)
    let upstream = Upstream(to: endpoint, of: cluster, for: backend, worker: worker)
    backend.upstream = upstream
    worker.hold(backend)
    upstream.connect()
    return backend.hasEnded ? nil : backend
  }

  private init(_ cluster: ClusterState, at place: BackendPool.Place, pool: BackendPool, worker: Worker) {
    self.cluster = cluster
    self.place = place
    self.pool = pool
    self.worker = worker
  }

  var takesMore: Bool {
    !isEnding && !hasEnded && (session?.takesMore ?? true) && waiting.count < HTTP2Session.mostStreams
  }

  func begin(_ transaction: HTTPTransaction) {
    guard upstream?.state == .ready else { return wait(transaction) }
    upstream?.isUsedAgain()
    start(transaction)
    worker.flushLater(self)
  }

  private func wait(_ transaction: HTTPTransaction) {
    waiting.append(transaction)
    transaction.attempt = self
  }

  func isAbandoned(by transaction: HTTPTransaction) { waiting.removeAll { $0 === transaction } }

  func upstreamIsUnused(_ upstream: Upstream) { retire() }

  func upstreamIsReady(_ upstream: Upstream) {
    session = HTTP2Session(.client, headLimit: 256 << 10, user: self)
    let transactions = waiting
    waiting = []
    for transaction in transactions where !transaction.isDone { start(transaction) }
    flush()
  }

  private func start(_ transaction: HTTPTransaction) {
    guard let upstream, let session,
      let id = session.request(
        transaction.request, fields: transaction.forwardedFields(),
        identity: transaction.connection.forwardedIdentity(), hasBody: transaction.request.hasBody)
    else { return transaction.backendFailed("http2", "the backend takes no more requests", isUnused: true) }
    transaction.connection.note(cluster: cluster.name, endpoint: upstream.endpoint.location.address)
    let stream = HTTP2BackendStream(id, of: self, for: transaction)
    streams[id] = stream
    transaction.backendIsReady(stream)
  }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) {
    guard upstream === self.upstream else { return }
    fail(failure.code, "\(upstream.endpoint.location.address): \(failure.message)", isUnused: !upstream.wasReady)
  }

  func upstream(_ upstream: Upstream, isReady side: Side) {
    let wasCongested = side.isCongested
    side.drain()
    if wasCongested, !side.isCongested { for stream in streams.values where stream.hasHeldUp { stream.wantsMore() } }
    read(side)
  }

  func goOn() {
    if !hasEnded, let side = upstream?.side { read(side) }
  }

  private func read(_ side: Side) {
    var share = Worker.share
    while true {
      guard share > 0 else {
        worker.continueLater(self)
        return flush()
      }
      switch side.read() {
      case .nothing: return flush()
      case .failed: return fail("cut", side.failure?.message ?? "the connection was cut", isUnused: false)
      case .end: return fail("cut", "the backend closed the connection", isUnused: false)
      case .bytes(let bytes):
        share -= bytes.count
        lastHeard = worker.now
        if let problem = session?.receive(bytes) { return fail("malformed", "HTTP/2: \(problem)", isUnused: false) }
      }
    }
  }

  func flush() {
    guard let side = upstream?.side, upstream?.state == .ready, let session else { return }
    repeat {
      session.send(to: side)
    } while !side.isCongested && goOnWithWaiting()
    if session.isOver, !streams.isEmpty { return fail("cut", "the backend's session is over", isUnused: false) }
    if isEnding || session.isOver, streams.isEmpty { close() }
  }

  /// - Returns: whether a client was told to wait, and may go on.
  private func goOnWithWaiting() -> Bool {
    let waiting = streams.values.filter { $0.hasHeldUp && !$0.isCongested }
    for stream in waiting { stream.wantsMore() }
    return !waiting.isEmpty
  }

  fileprivate var isCongested: Bool { upstream?.side?.isCongested ?? true }

  /// Takes no more transactions, and ends with the last.
  func retire() {
    isEnding = true
    if streams.isEmpty, waiting.isEmpty { close() }
  }

  /// A stream had no answer. Where nothing came for anybody since it began, the next one shall have another connection.
  fileprivate func gaveUp(streamOf began: Int64) {
    guard lastHeard < began else { return }
    if waiting.isEmpty, streams.values.allSatisfy({ $0.transaction == nil }) { close() } else { retire() }
  }

  private func fail(_ code: String, _ message: String, isUnused: Bool) {
    let transactions = waiting + streams.values.compactMap(\.transaction)
    waiting = []
    streams = [:]
    close()
    for transaction in transactions { transaction.backendFailed(code, message, isUnused: isUnused) }
  }

  private func close() {
    guard !hasEnded else { return }
    hasEnded = true
    pool.remove(self)
    upstream?.close()
    worker.letGo(self)
  }

  // MARK: Answers

  func session(_ session: HTTP2Session, beginsHead stream: Int32) { streams[stream]?.beginHead() }

  func session(
    _ session: HTTP2Session, stream: Int32, foundField name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool { streams[stream]?.found(name, value) ?? true }

  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool) {
    streams[stream]?.headIsWhole(hasBody: !endsStream)
  }

  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer) {
    guard let found = streams[stream] else { return session.consumed(stream, bytes.count) }
    found.body(bytes)
  }

  func session(_ session: HTTP2Session, endsStream stream: Int32) {
    streams[stream]?.isEnded()
  }

  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool) {
    guard let closed = streams.removeValue(forKey: stream) else { return }
    closed.transaction?.backendFailed("reset", "the backend reset the stream", isUnused: false)
    guard streams.isEmpty else { return }
    if isEnding { worker.flushLater(self) } else { upstream?.rest(for: Self.patience) }
  }

  func sessionIsEnding(_ session: HTTP2Session) { isEnding = true }
}

/// One transaction with a backend that speaks HTTP/2.
private final class HTTP2BackendStream: HTTPBackendStream {
  private let id: Int32
  private let backend: HTTP2Backend
  private(set) var transaction: HTTPTransaction?
  private var fields = HTTPFields()
  private var status = 0
  private var hasHead = false
  private var unconsumed = 0
  private let began: Int64

  init(_ id: Int32, of backend: HTTP2Backend, for transaction: HTTPTransaction) {
    began = backend.worker.now
    self.id = id
    self.backend = backend
    self.transaction = transaction
  }

  private var session: HTTP2Session? { backend.session }

  // MARK: The request

  private(set) var hasHeldUp = false

  var isCongested: Bool {
    let isCongested = backend.isCongested || (session?.waiting(id) ?? 0) > HTTP1Output.flushAt
    if isCongested { hasHeldUp = true }
    return isCongested
  }

  func wantsMore() {
    hasHeldUp = false
    transaction?.clientStreamWantsMore()
  }

  func send(body: UnsafeRawBufferPointer) {
    session?.send(id, body: body)
    backend.worker.flushLater(backend)
  }

  func end(_ trailers: HTTPFields?) {
    session?.end(id, trailers)
    backend.worker.flushLater(backend)
  }

  func cancel() {
    transaction = nil
    session?.cancel(id)
    backend.worker.flushLater(backend)
  }

  func giveUp() {
    cancel()
    backend.gaveUp(streamOf: began)
  }

  func goOn() {
    guard unconsumed > 0 else { return }
    session?.consumed(id, unconsumed)
    unconsumed = 0
    backend.worker.flushLater(backend)
  }

  // MARK: The answer

  func beginHead() { fields.removeAll() }

  func found(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    if name.equals(":status") {
      status = Int(String(decoding: value, as: UTF8.self)) ?? 0
    } else {
      fields.append(name: name)
      fields.append(value: value)
      fields.endField()
    }
    return fields.count <= 256 << 10
  }

  func headIsWhole(hasBody: Bool) {
    guard !hasHead, let transaction else { return }
    guard status >= 100 else {
      self.transaction = nil
      session?.cancel(id)
      return transaction.backendFailed("malformed", "the backend's answer can't be followed", isUnused: false)
    }
    hasHead = status >= 200
    // Its end may come later, though nothing does before.
    let hasBody = hasBody && status != 204 && status != 304 && transaction.request.method != "HEAD"
    var head = HTTPResponseHead(status: status, fields: fields, length: nil, hasBody: hasBody)
    head.length = hasBody ? fields.contentLength : nil
    head.fields.removeHopByHop()
    transaction.response(head)
    fields.removeAll()
  }

  func body(_ bytes: UnsafeRawBufferPointer) {
    guard let transaction else {
      session?.consumed(id, bytes.count)
      return
    }
    transaction.response(body: bytes)
    if transaction.clientIsCongested { unconsumed += bytes.count } else { session?.consumed(id, bytes.count) }
  }

  func isEnded() {
    let transaction = self.transaction
    self.transaction = nil
    transaction?.endOfResponse(hasHead && !fields.isEmpty ? fields : nil)
  }
}
