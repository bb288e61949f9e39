import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2

/// Puts the handlers for HTTP into a channel, once it is known which version is spoken. On the channel's event loop.
struct HTTPPipeline {
  let channel: any Channel
  let watch: ConnectionWatch

  /// - Parameter applicationProtocol: what ALPN agreed on; HTTP/1.1 without.
  func open(_ applicationProtocol: String?) throws -> NegotiatedHTTP {
    applicationProtocol == "h2" ? .http2(try openHTTP2()) : .http1(try openHTTP1())
  }

  private func openHTTP1() throws -> RequestChannel {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = watch.limits.headerListSize
    limits.maxHeaderListSize = watch.limits.headerListSize
    limits.maxHeaderFieldCount = watch.limits.headerFields
    let pipeline = channel.pipeline.syncOperations
    // Requests are answered in their order, errors by the assembler, and header fields are valid by their type.
    try pipeline.configureHTTPServerPipeline(
      withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
      withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
    try pipeline.addHandler(ClosingRequests())
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: watch.connection.isSecure))
    try pipeline.addHandler(RequestAssembler(watch, isStream: false))
    return try NIOAsyncChannel(
      wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
  }

  private func openHTTP2() throws -> NIOHTTP2Handler.AsyncStreamMultiplexer<RequestChannel> {
    watch.becomeMultiplexed()
    let watch = NIOLoopBound(watch, eventLoop: channel.eventLoop)
    let manager = NIOHTTP2ServerConnectionManagementHandler.Configuration(
      maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil)
    let pipeline = channel.pipeline.syncOperations
    let streams = try pipeline.configureAsyncHTTP2Pipeline(
      mode: .server, connectionManagerConfiguration: manager, http2HandlerConfiguration: configuration
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
        try stream.pipeline.syncOperations.addHandler(RequestAssembler(watch.value, isStream: true))
        return try RequestChannel(wrappingChannelSynchronously: stream)
      }
    }
    try pipeline.addHandler(ConnectionTail(watch.value))
    return streams
  }

  private var configuration: NIOHTTP2Handler.Configuration {
    let limits = watch.limits
    var configuration = NIOHTTP2Handler.Configuration()
    configuration.connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.concurrentStreams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerListSize),
    ]
    configuration.connection.maximumBufferedControlFrames = 1000
    configuration.connection.maximumRecentlyResetStreams = limits.concurrentStreams
    configuration.connection.maximumConnectionGlitches = limits.streamResets
    configuration.connection.controlFrameRateLimit.maximumCount = limits.streamResets * 2
    // CVE-2023-44487, and its variant in which the server is made to reset the streams.
    configuration.stream.streamResetFrameRateLimit.maximumCount = limits.streamResets
    configuration.stream.streamErrorRateLimit.maximumCount = limits.streamResets
    return configuration
  }
}

/// Says of each request that wants its connection closed that it does, in the words of HTTP/1.1. Those of HTTP/1.0 do
/// without saying so, and wait for it to know that the answer is whole: nginx asks OCSP responders so.
private final class ClosingRequests: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var head) = unwrapInboundIn(data), head.version == .http1_0 || !head.isKeepAlive else {
      return context.fireChannelRead(data)
    }
    head.headers.replaceOrAdd(name: "connection", value: "close")
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }
}

/// Stands at the end of an HTTP/2 connection, whose streams have pipelines of their own.
private final class ConnectionTail: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame

  private let watch: ConnectionWatch

  init(_ watch: ConnectionWatch) { self.watch = watch }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { watch.quiesce() }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The end of one stream is none of the connection's.
    if error is NIOHTTP2Errors.StreamError { return }
    // With GOAWAY, which tells it why.
    context.flush()
    // A client that goes without a word of farewell broke no rule of HTTP/2.
    if error is any NIOHTTP2Error { watch.cutOff() } else { context.close(promise: nil) }
  }
}
