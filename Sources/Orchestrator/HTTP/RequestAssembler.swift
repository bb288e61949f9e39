import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOTLS

/// A request as it came in, whole; or what to answer to one that is not taken.
final class IncomingRequest: Sendable {
  enum Content: Sendable {
    case request(HTTPRequest, body: ByteBuffer)
    /// The connection is closed after this answer, since what follows on it is not read.
    case refused(HTTPResponse.Status)
  }

  let content: Content

  init(_ content: Content) { self.content = content }
}

/// Puts requests together, whole and within the limits, so that nothing runs for a client that is slow or says too
/// much; and keeps the deadline of what is under way.
final class RequestAssembler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = IncomingRequest
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private enum Reading {
    /// Between requests.
    case idle
    /// Bytes came that are no whole head yet, or a head and a part of its body.
    case partial
    /// A request's head was read.
    case body(HTTPRequest, ByteBuffer?)
    /// What still comes is dropped.
    case discarding
  }

  private let watch: ConnectionWatch
  private let isStream: Bool
  private var reading: Reading = .idle
  /// Requests passed on and not answered in full.
  private var unanswered = 0
  private var readSomething = false
  private var isClosing = false
  private var requestDeadline: NIODeadline
  private var writeDeadline: NIODeadline = .distantFuture
  private var reason: TransportCounters.Closing
  private var context: ChannelHandlerContext?

  /// - Parameter isStream: a stream of HTTP/2, good for one request.
  init(_ watch: ConnectionWatch, isStream: Bool) {
    self.watch = watch
    self.isStream = isStream
    requestDeadline = .now() + (isStream ? watch.limits.requestTimeout : watch.limits.idleTimeout)
    reason = isStream ? .requestTimeout : .idleTimeout
  }

  var deadline: NIODeadline { min(requestDeadline, writeDeadline) }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    watch.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    watch.remove(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    watch.remove(self)
    context.fireChannelInactive()
  }
}

// MARK: - Reading

extension RequestAssembler {
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    readSomething = true
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context)
    case .body(let bytes): append(bytes, context)
    case .end: finish(context)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Bytes that made up no part of a request: a head that comes slowly. Its time runs from its first byte.
    if !readSomething, case .idle = reading, unanswered == 0 { beginDeadline(.partial) }
    readSomething = false
    context.fireChannelReadComplete()
  }

  private func beginDeadline(_ state: Reading) {
    if case .idle = reading {
      requestDeadline = .now() + watch.limits.requestTimeout
      reason = .requestTimeout
    }
    reading = state
  }

  private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    if case .discarding = reading { return }
    if let length = head.headerFields[.contentLength], (Int(length) ?? .max) > watch.limits.bodySize {
      return refuse(.contentTooLarge, context)
    }
    beginDeadline(.body(head, nil))
    if !isStream, head.headerFields[.connection]?.lowercased() == "close" { isClosing = true }
    guard !isStream, unanswered == 0, let expectation = head.headerFields[.expect] else { return }
    guard expectation.lowercased() == "100-continue" else { return refuse(.expectationFailed, context) }
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  private func append(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    guard case .body(let head, let body) = reading else { return }
    guard var whole = body else {
      guard bytes.readableBytes <= watch.limits.bodySize else { return refuse(.contentTooLarge, context) }
      reading = .body(head, bytes)
      return
    }
    guard whole.readableBytes + bytes.readableBytes <= watch.limits.bodySize else {
      return refuse(.contentTooLarge, context)
    }
    // So that `whole` is the only owner of its storage, and appending doesn't copy it.
    reading = .partial
    whole.writeImmutableBuffer(bytes)
    reading = .body(head, whole)
  }

  private func finish(_ context: ChannelHandlerContext) {
    guard case .body(let head, let body) = reading else { return }
    reading = .idle
    requestDeadline = .distantFuture
    unanswered += 1
    context.fireChannelRead(wrapInboundOut(IncomingRequest(.request(head, body: body ?? ByteBuffer()))))
  }

  private func refuse(_ status: HTTPResponse.Status, _ context: ChannelHandlerContext) {
    if case .discarding = reading { return }
    reading = .discarding
    isClosing = true
    unanswered += 1
    requestDeadline = .now() + watch.limits.writeTimeout
    reason = .requestTimeout
    context.fireChannelRead(wrapInboundOut(IncomingRequest(.refused(status))))
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The end of the connection in the middle of a head is an error of the parser, too, but there is nobody to tell.
    guard let error = error as? HTTPParserError, error != .invalidEOFState, !isStream else {
      return context.close(promise: nil)
    }
    watch.registry.count(.protocolError)
    refuse(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest, context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
    // A stream ends by itself, and its connection takes no new ones.
    guard !isStream else { return }
    watch.quiesce()
    isClosing = true
    if case .idle = reading, unanswered == 0 { context.close(promise: nil) }
  }
}

// MARK: - Answering

extension RequestAssembler {
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head) where isClosing && !isStream && unanswered == 1 && head.status.kind != .informational:
      head.headerFields[.connection] = "close"
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end:
      context.write(data, promise: promise)
      answered(context)
    default:
      context.write(data, promise: promise)
    }
  }

  private func answered(_ context: ChannelHandlerContext) {
    unanswered -= 1
    guard unanswered == 0 else { return }
    if isStream {
      requestDeadline = .now() + watch.limits.writeTimeout
      reason = .writeTimeout
    } else if isClosing {
      reading = .discarding
      context.flush()
      close(context: context, mode: .output, promise: nil)
    } else if case .idle = reading {
      requestDeadline = .now() + watch.limits.idleTimeout
      reason = .idleTimeout
    }
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output {
      requestDeadline = .now() + watch.limits.lingerTimeout
      reason = .writeTimeout
    }
    context.close(mode: mode, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeDeadline = context.channel.isWritable ? .distantFuture : .now() + watch.limits.writeTimeout
    context.fireChannelWritabilityChanged()
  }

  func expire(at now: NIODeadline) {
    guard let context else { return }
    let isSlowReader = writeDeadline <= now
    requestDeadline = .distantFuture
    writeDeadline = .distantFuture
    // Somebody who sends slowly gets an answer, one who doesn't read can't.
    if !isSlowReader, reason == .requestTimeout, case .body = reading, unanswered == 0 {
      watch.registry.count(.requestTimeout)
      return refuse(.requestTimeout, context)
    }
    guard !isStream else {
      watch.registry.count(isSlowReader ? .writeTimeout : reason)
      return context.close(promise: nil)
    }
    if isClosing, reason == .writeTimeout { return context.close(promise: nil) }
    watch.close(for: isSlowReader ? .writeTimeout : reason)
  }
}
