import Glibc
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle
import Synchronization

/// One address of the service. All event loops share its socket: whichever is free takes the next connection, and serves
/// it where it was accepted. A burst of connections then is everybody's, and none is handed from loop to loop.
package struct Listener: Service, CustomStringConvertible {
  let address: ListenAddress
  let connections: ServiceChannel
  /// Called with the port once it listens.
  let onListening: @Sendable (Int) -> Void

  private static let backlog: Int32 = 4096

  package init(
    address: ListenAddress, connections: ServiceChannel, onListening: @escaping @Sendable (Int) -> Void
  ) {
    self.address = address
    self.connections = connections
    self.onListening = onListening
  }

  package var description: String { "listener \(address)" }

  /// Serves until it is told to stop, and its connections have ended after that: they have their own deadline for it.
  /// - Throws: ``ServiceFailure/cannotListen(_:reason:isTaken:)``.
  package func run() async throws {
    let sockets = try await listen()
    onListening(sockets.first?.channel.localAddress?.port ?? address.port)
    let isStopping = Atomic(false)
    await withTaskCancellationOrGracefulShutdownHandler {
      for socket in sockets { try? await socket.channel.closeFuture.get() }
      guard isStopping.load(ordering: .acquiring) else { return }
      for socket in sockets { try? await socket.allClosed.futureResult.get() }
    } onCancelOrGracefulShutdown: {
      guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
      for socket in sockets { socket.quiescing.initiateShutdown(promise: socket.allClosed) }
    }
  }

  /// The socket as one event loop has it.
  private struct Socket {
    let channel: any Channel
    let quiescing: ServerQuiescingHelper
    /// Succeeds when the channel and all that it accepted are closed.
    let allClosed: EventLoopPromise<Void>
  }

  private func listen() async throws -> [Socket] {
    var sockets: [Socket] = []
    do {
      for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
        let quiescing = ServerQuiescingHelper(group: loop)
        let bootstrap = bootstrap(on: loop, quiescing)
        let channel =
          if let first = sockets.first?.channel {
            try await bootstrap.withBoundSocket(
              Self.onSocket(of: first) { fcntl($0, F_DUPFD_CLOEXEC, 0) }
            ).get()
          } else {
            try await bootstrap.bind(host: address.host, port: address.port).get()
          }
        sockets.append(Socket(channel: channel, quiescing: quiescing, allClosed: loop.makePromise()))
      }
      // NIO takes over a socket with a backlog of 128 for all.
      if let first = sockets.first?.channel { try await Self.onSocket(of: first) { Glibc.listen($0, Self.backlog) } }
      return sockets
    } catch {
      for socket in sockets { socket.quiescing.initiateShutdown(promise: socket.allClosed) }
      throw ServiceFailure(error, listeningOn: address) ?? error
    }
  }

  private func bootstrap(on loop: any EventLoop, _ quiescing: ServerQuiescingHelper) -> ServerBootstrap {
    ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
        }
      }
      .childChannelInitializer { [connections] channel in
        channel.eventLoop.makeCompletedFuture { try connections.begin(channel) }
      }
  }

  /// Calls the system for the socket of a channel.
  @discardableResult
  private static func onSocket(
    of channel: any Channel, _ call: @escaping @Sendable (NIOBSDSocket.Handle) -> CInt
  ) async throws -> CInt {
    try await channel.eventLoop.submit {
      let result = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable { socket in
        let result = call(socket)
        guard result >= 0 else { throw IOError(errnoCode: errno, reason: "listening") }
        return result
      }
      guard let result else { throw ChannelError.operationUnsupported }
      return result
    }.get()
  }
}
