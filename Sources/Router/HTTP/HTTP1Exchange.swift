import Foundation

/// A client that speaks HTTP/1.1 or 1.0: its requests one after the other.
final class HTTP1Exchange: Exchange, HTTPClientStream, HTTP1ParserUser, Flushable {
  private unowned let connection: Connection
  private let worker: Worker
  private let parser: HTTP1Parser
  private var transaction: HTTPTransaction?
  private var out = HTTP1Output()
  var isQueued = false
  /// Read already, and belonging to a request whose turn hasn't come.
  private var rest: [UInt8] = []
  private var requestIsWhole = false
  private var isChunked = false
  private var keepsAlive = true
  private var isRaw = false
  private var hasEnded = false
  private var isEnding = false
  private var headBegan: Int64?

  init(_ connection: Connection) {
    self.connection = connection
    worker = connection.worker
    parser = HTTP1Parser(.request, headLimit: connection.listener.limits.header)
    parser.user = self
  }

  func begin() { clientIsReady() }

  // MARK: Requests

  func clientIsReady() {
    let wasCongested = client.isCongested
    client.drain()
    if let failure = client.failure { return connection.close(.client(failure)) }
    if hasEnded, !client.isCongested { return end() }
    if wasCongested, !client.isCongested { transaction?.clientTakesMore() }
    // Who waits for an answer isn't read from, and may be gone nevertheless.
    if !mayRead {
      client.noticeBreak()
      if let failure = client.failure { return connection.close(.client(failure)) }
    }
    read()
  }

  private var client: Side { connection.client }

  private func read() {
    var share = Worker.share
    while !hasEnded, mayRead {
      guard share > 0 else {
        worker.continueLater(connection)
        break
      }
      if !rest.isEmpty {
        let waiting = rest
        rest = []
        waiting.withUnsafeBytes { take($0) }
        share -= waiting.count - rest.count
        continue
      }
      switch client.read() {
      case .nothing: return noteTime()
      case .failed: return connection.close(.client(client.failure ?? .ended))
      case .end:
        clientHasEnded()
        return
      case .bytes(let bytes):
        share -= bytes.count
        take(bytes)
      }
    }
    noteTime()
  }

  /// A client may send its next request early; it is looked at when its turn comes.
  private var mayRead: Bool {
    // Who doesn't take answers, isn't asked for more requests.
    guard let transaction else { return !client.isCongested }
    return isRaw ? !transaction.isCongested : !requestIsWhole && !transaction.isCongested
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    if isRaw {
      transaction?.body(bytes)
      return
    }
    switch parser.parse(bytes) {
    case .needsMore: break
    case .message(let used), .upgraded(let used):
      let more = UnsafeRawBufferPointer(rebasing: bytes[used...])
      if !more.isEmpty { rest = Array(more) + rest }
    case .tooLarge:
      answerAlone(431, "the head of the request is larger than \(connection.listener.limits.header) bytes")
    case .malformed(let what): answerAlone(400, what)
    }
  }

  func parserFoundHead(_ parser: HTTP1Parser) {
    guard transaction == nil, !hasEnded else { return }
    requestIsWhole = false
    var request = HTTPRequestHead()
    request.method = parser.method
    request.target = String(decoding: parser.target, as: UTF8.self)
    request.fields = parser.takeFields()
    keepsAlive = parser.keepsAlive && !isEnding
    let transaction = HTTPTransaction(request.completed(minor: parser.minor), on: connection, for: self)
    self.transaction = transaction
    if !parser.isVersion1 {
      keepsAlive = false
      transaction.refuse(505, "a version of HTTP that isn't 1.1 or 1.0")
    } else if let problem = request.problem(minor: parser.minor) {
      keepsAlive = false
      transaction.refuse(problem.status, problem.reason)
    } else {
      transaction.begin()
    }
  }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) { transaction?.body(bytes) }

  func parserFoundEnd(_ parser: HTTP1Parser) {
    guard !requestIsWhole else { return }
    requestIsWhole = true
    let hasTrailers = parser.isInTrailers && !parser.fields.isEmpty
    transaction?.endOfBody(hasTrailers ? parser.fields : nil)
  }

  private func clientHasEnded() {
    if isRaw {
      transaction?.endOfBody(nil)
    } else if transaction == nil {
      end()
    } else if requestIsWhole {
      // It may still read its answer.
      keepsAlive = false
    } else {
      connection.close(.client(.ended))
    }
  }

  // MARK: Answers

  var isCongested: Bool { client.isCongested || out.count > HTTP1Output.flushAt }

  func send(_ head: HTTPResponseHead) {
    if head.status == 101 {
      isRaw = true
      out.begin(head, isChunked: false, closes: false)
      return worker.flushLater(self)
    }
    if head.status < 200 {
      out.begin(head, isChunked: false, closes: false)
      return worker.flushLater(self)
    }
    var head = head
    if !head.hasBody, transaction?.request.method != "HEAD", head.status != 204, head.status != 304,
      !head.fields.has(.contentLength)
    {
      // An HTTP/2 backend needn't say that nothing follows; here it would be awaited (RFC 9112 §6.3).
      head.fields.add("content-length", "0")
    }
    // A request that wasn't read to its end leaves the connection in the midst of it.
    if !requestIsWhole { keepsAlive = keepsAlive && transaction?.request.hasBody == false }
    isChunked = head.hasBody && head.length == nil && parser.minor >= 1
    if head.hasBody, head.length == nil, !isChunked { keepsAlive = false }
    out.begin(head, isChunked: isChunked, closes: !keepsAlive)
    worker.flushLater(self)
  }

  func send(body bytes: UnsafeRawBufferPointer) {
    if isRaw { out.append(bytes) } else { out.append(body: bytes, isChunked: isChunked) }
    if out.count > HTTP1Output.flushAt { flush() }
    worker.flushLater(self)
  }

  func end(_ trailers: HTTPFields?) {
    if isChunked { out.endChunks(trailers) }
    isChunked = false
    flush()
    transaction = nil
    guard keepsAlive, !isRaw, !client.inputHasEnded else { return end() }
    out.release()
    if requestIsWhole { worker.continueLater(connection) }
  }

  func abort() {
    flush()
    connection.close(.backend(code: "cut", message: "the backend ended in the midst of its answer"))
  }

  func wantsMoreBody() { worker.continueLater(connection) }

  func waits(until deadline: Int64) { connection.deadlineChanged(to: deadline) }

  func flush() {
    out.take { client.write($0) }
    // Told by no event of the client's any more.
    if client.failure != nil { return worker.continueLater(connection) }
    if client.isCongested { connection.deadlineChanged() }
  }

  private func answerAlone(_ status: Int, _ reason: String) {
    keepsAlive = false
    rest = []
    if let transaction {
      transaction.refuse(status, reason)
    } else {
      let transaction = HTTPTransaction(HTTPRequestHead(), on: connection, for: self)
      self.transaction = transaction
      transaction.refuse(status, reason)
    }
  }

  // MARK: Time

  private func noteTime() {
    if parser.isInMessage, transaction == nil {
      // Time for a head begins with its first byte, and isn't given again with each.
      headBegan = headBegan ?? worker.now
    } else {
      headBegan = nil
    }
    connection.deadlineChanged()
  }

  /// When the client has to be done with what it began, or to have taken something of what it asked for, and when the
  /// backend has to have answered.
  var deadline: Int64 {
    if client.isCongested { return client.lastTaken + limit }
    let isSlow = parser.isInMessage && !requestIsWhole && transaction?.isCongested != true
    return isSlow ? (headBegan ?? connection.lastActivity) + limit : transaction?.deadline ?? .max
  }

  private var limit: Int64 { connection.listener.limits.request.milliseconds }

  func deadlinePassed() {
    if client.isCongested || transaction?.status != nil { return connection.close(.idle) }
    if let transaction, transaction.deadline < .max { return transaction.deadlinePassed() }
    answerAlone(408, "the request took too long")
  }

  // MARK: The end

  func isToEndSoon() {
    isEnding = true
    keepsAlive = false
    if transaction == nil, !parser.isInMessage { end() }
  }

  /// Once all is sent.
  private func end() {
    hasEnded = true
    flush()
    client.end()
    if !client.isCongested { connection.close(.finished) }
  }

  func close() {
    transaction?.cancel()
    // It knows the connection, which knows this.
    transaction = nil
  }
}
