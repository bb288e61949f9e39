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
  private(set) var deadline = Int64.max

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
    // Who doesn't take answers, isn't asked for more requests.
    reading: while !client.isCongested {
      switch client.read() {
      case .nothing: break reading
      case .failed: return connection.close(.client(client.failure ?? .ended))
      case .end: return connection.close(.finished)
      case .bytes(let bytes):
        if let problem = session?.receive(bytes) { return connection.close(.malformed("HTTP/2: \(problem)")) }
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
    // A stream may be quiet as long as the connection; a head may not, and answers have to be taken.
    let limit = connection.listener.limits.request.milliseconds
    deadline = headBegan.map { $0 + limit } ?? (client.isCongested ? connection.lastActivity + limit : .max)
    connection.deadlineChanged()
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

  func deadlinePassed() { connection.close(.idle) }

  func judgeAgain(by newer: Snapshot) -> ConnectionEnd? { nil }

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
    if streams[stream] == nil { streams[stream] = HTTP2ClientStream(stream, of: self) }
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
    closed.transaction?.cancel()
  }

  func sessionIsEnding(_ session: HTTP2Session) {}
}

/// One request of a client that speaks HTTP/2.
private final class HTTP2ClientStream: HTTPClientStream {
  private let id: Int32
  private unowned let exchange: HTTP2Exchange
  private(set) var transaction: HTTPTransaction?
  private var head = HTTPRequestHead()
  private var trailers: HTTPFields?
  private var hasHead = false
  private var isTooLarge = false
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
      // What is too much is left out, and answered once the head is whole.
      isTooLarge = isTooLarge || head.fields.count + name.count + value.count > limit
      guard !isTooLarge else { return true }
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

  // MARK: Answers

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
