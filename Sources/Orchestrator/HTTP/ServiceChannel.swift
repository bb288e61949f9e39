import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
package import TLSRuntime

typealias RequestChannel = NIOAsyncChannel<IncomingRequest, HTTPResponsePart>

/// What was agreed on with a client, and how to read its requests.
enum NegotiatedHTTP: Sendable {
  case http1(RequestChannel)
  case http2(NIOHTTP2Handler.AsyncStreamMultiplexer<RequestChannel>)
}

/// How the connections of a listener are served: our own TLS, limits and deadlines; Hummingbird's routing.
package struct ServiceChannel: Sendable {
  /// TLS with optional client certificates.
  package struct Security: Sendable {
    let contexts: ServerContexts
    let admission: LivePeerAdmission

    package init(contexts: ServerContexts, admission: LivePeerAdmission) {
      self.contexts = contexts
      self.admission = admission
    }
  }

  private let security: Security?
  private let registry: ConnectionRegistry
  private let responder: RouterResponder<ServiceContext>
  private let logger: Logger
  private let date = ResponseDate()

  /// - Parameters:
  ///   - security: nil for plain HTTP.
  ///   - logger: what the contexts of requests get.
  package init(
    security: Security?, registry: ConnectionRegistry, responder: RouterResponder<ServiceContext>, logger: Logger
  ) {
    self.security = security
    self.registry = registry
    self.responder = responder
    self.logger = logger
  }

  /// Takes a connection that was accepted. Called on its event loop.
  func begin(_ channel: any Channel) throws {
    let connection = Connection(channel, isSecure: security != nil)
    let watch = ConnectionWatch(connection, registry: registry)
    guard watch.accept() else { return }
    serve(watch.negotiated, connection, watch.executor)
    if let security {
      try channel.pipeline.syncOperations.addHandler(CutOff())
      try security.contexts.secure(channel, admission: security.admission, observer: watch)
    } else {
      watch.open(nil)
    }
  }
}

// MARK: - Serving

extension ServiceChannel {
  /// Serves the connection from the completed handshake on, in a task of its own. A failed one is logged and counted where
  /// it fails.
  private func serve(
    _ negotiated: EventLoopFuture<NegotiatedHTTP>, _ connection: Connection, _ executor: EventLoopExecutor
  ) {
    negotiated.whenSuccess { negotiated in
      Task(executorPreference: executor) {
        await ConnectionFacts.$current.withValue(connection.facts) {
          switch negotiated {
          case .http1(let channel): await serve(channel, connection)
          case .http2(let streams): await serve(streams, connection)
          }
        }
      }
    }
  }

  private func serve(_ channel: RequestChannel, _ connection: Connection) async {
    await untilClosed(channel) { inbound, outbound in
      for try await request in inbound {
        guard try await answer(request, outbound, connection) else { break }
      }
      outbound.finish()
      try await connection.channel.closeFuture.get()
    }
  }

  private func serve(
    _ streams: NIOHTTP2Handler.AsyncStreamMultiplexer<RequestChannel>, _ connection: Connection
  ) async {
    do {
      try await withThrowingDiscardingTaskGroup { group in
        for try await stream in streams.inbound {
          group.addTask { await serveStream(stream, connection) }
        }
      }
    } catch {
      logger.trace("connection ended", metadata: ["error": "\(error)"])
    }
    connection.channel.close(promise: nil)
  }

  private func serveStream(_ stream: RequestChannel, _ connection: Connection) async {
    await untilClosed(stream) { inbound, outbound in
      for try await request in inbound {
        // What is written may wait for the client's window: the stream ends by itself once it is out.
        if try await answer(request, outbound, connection) { try await stream.channel.closeFuture.get() }
        return
      }
    }
  }

  private func untilClosed(
    _ channel: RequestChannel,
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
      let response = await respond(to: request, connection)
      try await ResponseWriter(outbound: outbound).write(response: response.head, body: response.body)
      return true
    case .refused(let status):
      try await outbound.write(contentsOf: [.head(Self.refusal(status)), .end(nil)])
      return false
    }
  }

  private func respond(to request: Request, _ connection: Connection) async -> Response {
    var logger = logger
    logger[metadataKey: RequestIdentifier.metadataKey] = .stringConvertible(RequestID())
    let context = ServiceContext(source: .init(channel: connection.channel, logger: logger))
    var response: Response
    do {
      response = try await responder.respond(to: request, context: context)
    } catch {
      // The edge around all routes turns errors into answers, so that this is one of its own.
      logger.error("request failed", metadata: ["error": "\(error.logged)"])
      response = Response(status: .internalServerError)
    }
    response.headers[.date] = date.text(at: registry.now)
    return response
  }

  private static func refusal(_ status: HTTPResponse.Status) -> HTTPResponse {
    HTTPResponse(status: status, headerFields: [.contentLength: "0"])
  }
}
