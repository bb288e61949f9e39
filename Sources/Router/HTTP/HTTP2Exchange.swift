import Foundation

/// A client that speaks HTTP/2: many requests at once.
final class HTTP2Exchange: Exchange, HTTP2SessionUser, Flushable {
  fileprivate unowned let connection: Connection
  fileprivate let worker: Worker
  fileprivate var session: HTTP2Session?
  private var streams: [Int32: HTTP2ClientStream] = [:]
  private var failed: [Int32] = []
  var isQueued = false
  /// Only one stream's head can be on its way at a time (RFC 9113 §4.3).
  private var headBegan: Int64?
  private var isEnding = false
  private var hasSaidGoodbye = false
  /// When to see next who takes nothing of its answers.
  private var nextLook = Int64.max
  /// When to see next whose backend has no answer.
  private var nextAnswer = Int64.max
  private var resets = ResetAllowance()

  init(_ connection: Connection) {
    self.connection = connection
    worker = connection.worker
    session = HTTP2Session(.server, headLimit: connection.listener.limits.header, user: self)
  }

  func begin() {
    guard session != nil else { return connection.close(.failed("no memory for HTTP/2")) }
    clientIsReady()
  }

  func clientIsReady() {
    let client = connection.client
    let wasCongested = client.isCongested
    client.drain()
    if wasCongested, !client.isCongested { for stream in streams.values { stream.transaction?.clientTakesMore() } }
    var share = Worker.share
    // Who doesn't take answers, isn't asked for more requests.
    reading: while !client.isCongested {
      guard share > 0 else {
        worker.continueLater(connection)
        break
      }
      switch client.read() {
      case .nothing: break reading
      case .failed: return connection.close(.client(client.failure ?? .ended))
      case .end: return connection.close(.finished)
      case .bytes(let bytes):
        share -= bytes.count
        if let problem = session?.receive(bytes) { return connection.close(.malformed("HTTP/2: \(problem)")) }
        if resets.areUsedUp { return connection.close(.malformed("HTTP/2: too many streams that came to nothing")) }
      }
    }
    flush()
  }

  func flush() {
    let client = connection.client
    guard client.isOpen, let session else { return }
    repeat {
      session.send(to: client)
      // What a stream had gathered is on its way: its backend may go on, which brings more.
    } while !client.isCongested && goOnWithWaiting()
    if !failed.isEmpty {
      for stream in failed { session.fail(stream) }
      failed = []
      session.send(to: client)
    }
    if let failure = client.failure { return connection.close(.client(failure)) }
    if session.isOver { return connection.close(.finished) }
    if isEnding, streams.isEmpty, !hasSaidGoodbye {
      hasSaidGoodbye = true
      session.goAway()
      return flush()
    }
    connection.deadlineChanged()
  }

  private var limit: Int64 { connection.listener.limits.request.milliseconds }

  /// A stream may be quiet as long as the connection; a head may not, and answers have to be taken.
  var deadline: Int64 {
    let awaited =
      headBegan.map { $0 + limit } ?? (connection.client.isCongested ? connection.client.lastTaken + limit : .max)
    return min(awaited, nextLook, nextAnswer)
  }

  /// Resets a stream, once what it has said so far is on its way.
  fileprivate func fail(_ stream: Int32) {
    failed.append(stream)
    worker.flushLater(self)
  }

  /// - Returns: whether there was one.
  private func goOnWithWaiting() -> Bool {
    let waiting = streams.values.filter { $0.hasHeldUp && !$0.isCongested }
    for stream in waiting { stream.goOn() }
    return !waiting.isEmpty
  }

  func deadlinePassed() {
    guard worker.now >= min(nextLook, nextAnswer) else { return connection.close(.idle) }
    if worker.now >= nextAnswer {
      for stream in streams.values { stream.transaction?.deadlinePassed() }
      nextAnswer = streams.values.compactMap { $0.transaction?.deadline }.min() ?? .max
    }
    guard worker.now >= nextLook else { return }
    nextLook = streams.isEmpty ? .max : worker.now + limit
    guard let session else { return }
    // Whose window stays closed may keep the connection busy nevertheless.
    for (id, stream) in streams where stream.hasStalled(session.progress(id)) { fail(id) }
  }

  fileprivate func waits(until deadline: Int64) {
    guard deadline < nextAnswer else { return }
    nextAnswer = deadline
    connection.deadlineChanged(to: deadline)
  }

  func isToEndSoon() {
    isEnding = true
    if !streams.isEmpty { session?.announceEnd() }
    worker.flushLater(self)
  }

  func close() {
    for stream in streams.values { stream.transaction?.cancel() }
    streams = [:]
  }

  // MARK: Requests

  func session(_ session: HTTP2Session, beginsHead stream: Int32) {
    headBegan = worker.now
    guard streams[stream] == nil else { return }
    streams[stream] = HTTP2ClientStream(stream, of: self)
    if nextLook == .max { nextLook = worker.now + limit }
  }

  func session(
    _ session: HTTP2Session, stream: Int32, foundField name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool {
    streams[stream]?.found(name, value, limit: connection.listener.limits.header) ?? false
  }

  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool) {
    headBegan = nil
    streams[stream]?.headIsWhole(hasBody: !endsStream)
  }

  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer) {
    guard let found = streams[stream] else { return session.consumed(stream, bytes.count) }
    found.body(bytes)
  }

  func session(_ session: HTTP2Session, endsStream stream: Int32) { streams[stream]?.isEnded() }

  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool) {
    guard let closed = streams.removeValue(forKey: stream) else { return }
    if !isWhole, closed.transaction?.isDone != true { resets.use(at: worker.now) }
    closed.transaction?.cancel()
  }

  func sessionIsEnding(_ session: HTTP2Session) {}
}

/// How many streams may still come to nothing, whether the client resets them or makes us do so: each costs more than
/// the client pays for it (RFC 9113 §10.5).
private struct ResetAllowance {
  private static let most = 1000.0
  private static let eachSecond = 33.0
  private var left = Self.most
  private var asOf: Int64 = 0

  var areUsedUp: Bool { left < 0 }

  mutating func use(at now: Int64) {
    left = min(Self.most, left + Double(now - asOf) / 1000 * Self.eachSecond) - 1
    asOf = now
  }
}

/// One request of a client that speaks HTTP/2.
private final class HTTP2ClientStream: HTTPClientStream {
  private let id: Int32
  private unowned let exchange: HTTP2Exchange
  private(set) var transaction: HTTPTransaction?
  private var head = HTTPRequestHead()
  private var trailers: HTTPFields?
  private var hasHead = false
  /// Of what is too much in its head.
  private var leftOut = 0
  private var isTooLarge: Bool { leftOut > 0 }
  private(set) var isWhole = false
  private var unconsumed = 0

  init(_ id: Int32, of exchange: HTTP2Exchange) {
    self.id = id
    self.exchange = exchange
  }

  private var session: HTTP2Session? { exchange.session }

  func found(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limit: Int) -> Bool {
    if hasHead {
      trailers = trailers ?? HTTPFields()
      trailers?.append(name: name)
      trailers?.append(value: value)
      trailers?.endField()
      return (trailers?.count ?? 0) <= limit
    }
    guard name.first == UInt8(ascii: ":") else {
      // What is too much is left out, and answered once the head is whole. With a few bytes of HPACK one can ask for
      // endlessly more than that: such a stream is given up.
      guard !isTooLarge, head.fields.count + name.count + value.count <= limit else {
        leftOut += name.count + value.count
        return leftOut <= limit
      }
      head.fields.append(name: name)
      head.fields.append(value: value)
      head.fields.endField()
      return true
    }
    let text = String(decoding: value, as: UTF8.self)
    if name.equals(":method") {
      head.method = text
    } else if name.equals(":path") {
      head.target = text
    } else if name.equals(":authority") {
      head.authority = text
    }
    return text.utf8.count <= limit
  }

  func headIsWhole(hasBody: Bool) {
    guard !hasHead else { return }
    hasHead = true
    if head.authority.isEmpty { head.authority = head.fields.first(.host) ?? "" }
    // A client may write its cookies in several fields (RFC 9113 §8.2.3); HTTP/1.1 has one.
    head.length = head.fields.contentLength
    head.hasBody = hasBody
    let transaction = HTTPTransaction(head.withOneCookie(), on: exchange.connection, for: self)
    self.transaction = transaction
    if isTooLarge {
      transaction.refuse(
        431, "the head of the request is larger than \(exchange.connection.listener.limits.header) bytes")
    } else if head.method == "CONNECT" {
      transaction.refuse(501, "CONNECT isn't offered")
    } else if head.authority.isEmpty || !HTTPRequestHead.isAuthority(head.authority) {
      transaction.refuse(400, "no authority")
    } else {
      transaction.begin()
    }
  }

  func body(_ bytes: UnsafeRawBufferPointer) {
    guard let transaction, !transaction.isDone else {
      session?.consumed(id, bytes.count)
      return
    }
    transaction.body(bytes)
    if transaction.isCongested { unconsumed += bytes.count } else { session?.consumed(id, bytes.count) }
  }

  func isEnded() {
    isWhole = true
    transaction?.endOfBody(trailers)
  }

  func wantsMoreBody() {
    guard unconsumed > 0 else { return }
    session?.consumed(id, unconsumed)
    unconsumed = 0
    exchange.worker.flushLater(exchange)
  }

  func waits(until deadline: Int64) { exchange.waits(until: deadline) }

  // MARK: Answers

  private var progress = HTTP2Session.Progress()

  /// - Returns: whether the client has taken nothing of what there is for it since this was asked last.
  func hasStalled(_ now: HTTP2Session.Progress) -> Bool {
    defer { progress = now }
    return now.waiting > 0 && progress.waiting > 0 && now.taken == progress.taken
  }

  /// A backend was told to wait.
  private(set) var hasHeldUp = false

  var isCongested: Bool {
    let isCongested = (session?.waiting(id) ?? 0) > HTTP1Output.flushAt
    if isCongested { hasHeldUp = true }
    return isCongested
  }

  func goOn() {
    hasHeldUp = false
    transaction?.clientTakesMore()
  }

  func send(_ head: HTTPResponseHead) {
    // HTTP/2 has no 101 (RFC 9113 §8.6).
    guard head.status != 101 else { return abort() }
    session?.respond(id, head, endsNow: !head.hasBody)
    exchange.worker.flushLater(exchange)
  }

  func send(body bytes: UnsafeRawBufferPointer) {
    session?.send(id, body: bytes)
    exchange.worker.flushLater(exchange)
  }

  func end(_ trailers: HTTPFields?) {
    session?.end(id, trailers)
    exchange.worker.flushLater(exchange)
    // An answer may come before the request is whole: the rest goes nowhere, and has to be let in for that.
    wantsMoreBody()
  }

  func abort() { exchange.fail(id) }
}

extension HTTPRequestHead {
  fileprivate func withOneCookie() -> HTTPRequestHead {
    guard fields.has(moreThanOne: .cookie) else { return self }
    let cookies = fields.values(.cookie)
    var head = self
    head.fields.remove(.cookie)
    head.fields.add("cookie", cookies.joined(separator: "; "))
    return head
  }
}
