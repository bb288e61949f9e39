import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import TLSRuntime

typealias RequestChannel = NIOAsyncChannel<IncomingRequest, HTTPResponsePart>

/// What was agreed on with a client, and how to read its requests.
enum NegotiatedHTTP: Sendable {
  case http1(RequestChannel)
  case http2(NIOHTTP2Handler.AsyncStreamMultiplexer<RequestChannel>)
}

/// Connections as Hummingbird takes them from us: our own TLS, limits and deadlines; its routing.
struct ServiceChannel: HTTPChannelHandler {
  struct Value: ServerChildChannelValue {
    let connection: Connection

    var channel: any Channel { connection.channel }
  }

  /// TLS with optional client certificates.
  struct Security: Sendable {
    let contexts: ServerContexts
    let admission: LivePeerAdmission
  }

  let security: Security?
  let registry: ConnectionRegistry
  let responder: Responder
  private let open = OpenConnections()

  init(security: Security?, registry: ConnectionRegistry, responder: @escaping Responder) {
    self.security = security
    self.registry = registry
    self.responder = responder
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let connection = Connection(channel, isSecure: security != nil)
    let watch = ConnectionWatch(connection, registry: registry)
    let value = Value(connection: connection)
    guard watch.accept() else { return channel.eventLoop.makeSucceededFuture(value) }
    serve(watch.negotiated, connection, watch.executor, logger)
    return channel.eventLoop.makeCompletedFuture {
      if let security {
        try channel.pipeline.syncOperations.addHandler(CutOff())
        try security.contexts.secure(channel, admission: security.admission, observer: watch)
      } else {
        watch.open(nil)
      }
      return value
    }
  }

  func handle(value: Value, logger: Logger) async { await open.watch() }
}

// MARK: - Serving

extension ServiceChannel {
  /// Serves the connection from the completed handshake on. A failed one is logged and counted where it fails.
  private func serve(
    _ negotiated: EventLoopFuture<NegotiatedHTTP>, _ connection: Connection, _ executor: EventLoopExecutor,
    _ logger: Logger
  ) {
    open.opened()
    negotiated.whenComplete { result in
      guard case .success(let negotiated) = result else { return open.closed() }
      Task(executorPreference: executor) {
        await ConnectionFacts.$current.withValue(connection.facts) {
          switch negotiated {
          case .http1(let channel): await serve(channel, connection, logger)
          case .http2(let streams): await serve(streams, connection, logger)
          }
        }
        open.closed()
      }
    }
  }

  private func serve(_ channel: RequestChannel, _ connection: Connection, _ logger: Logger) async {
    await untilClosed(channel, logger) { inbound, outbound in
      for try await request in inbound {
        guard try await answer(request, outbound, connection) else { break }
      }
      outbound.finish()
      try await connection.channel.closeFuture.get()
    }
  }

  private func serve(
    _ streams: NIOHTTP2Handler.AsyncStreamMultiplexer<RequestChannel>, _ connection: Connection, _ logger: Logger
  ) async {
    do {
      try await withThrowingDiscardingTaskGroup { group in
        for try await stream in streams.inbound {
          group.addTask { await serveStream(stream, connection, logger) }
        }
      }
    } catch {
      logger.trace("connection ended", metadata: ["error": "\(error)"])
    }
    connection.channel.close(promise: nil)
  }

  private func serveStream(_ stream: RequestChannel, _ connection: Connection, _ logger: Logger) async {
    await untilClosed(stream, logger) { inbound, outbound in
      for try await request in inbound {
        // What is written may wait for the client's window: the stream ends by itself once it is out.
        if try await answer(request, outbound, connection) { try await stream.channel.closeFuture.get() }
        return
      }
    }
  }

  private func untilClosed(
    _ channel: RequestChannel, _ logger: Logger,
    _ body:
      @Sendable (
        NIOAsyncChannelInboundStream<IncomingRequest>, NIOAsyncChannelOutboundWriter<HTTPResponsePart>
      ) async throws -> Void
  ) async {
    do {
      try await withTaskCancellationHandler {
        try await channel.executeThenClose { try await body($0, $1) }
      } onCancel: {
        channel.channel.close(promise: nil)
      }
    } catch {
      logger.trace("connection ended", metadata: ["error": "\(error)"])
    }
  }

  /// - Returns: whether another request may follow.
  private func answer(
    _ incoming: IncomingRequest, _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>, _ connection: Connection
  ) async throws -> Bool {
    guard !connection.isBarred else { return false }
    switch incoming.content {
    case .request(let head, let body):
      let request = Request(head: head, body: RequestBody(buffer: body))
      try await responder(request, ResponseWriter(outbound: outbound), connection.channel)
      return true
    case .refused(let status):
      try await outbound.write(contentsOf: [.head(Self.refusal(status)), .end(nil)])
      return false
    }
  }

  private static func refusal(_ status: HTTPResponse.Status) -> HTTPResponse {
    HTTPResponse(status: status, headerFields: [.contentLength: "0"])
  }
}
