import Glibc
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle
import Synchronization

/// One address of the service. Each event loop has a socket of its own for it, among which the system spreads connections,
/// and serves a connection where it was accepted: a burst of them is everybody's, and none is handed from loop to loop.
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

  /// That of one event loop.
  private struct Socket {
    let channel: any Channel
    let quiescing: ServerQuiescingHelper
    /// Succeeds when the channel and all that it accepted are closed.
    let allClosed: EventLoopPromise<Void>
  }

  private func listen() async throws -> [Socket] {
    // A port that the system chose may be somebody's connection a moment later: it may choose again.
    for _ in 0..<(address.port == 0 ? 10 : 0) {
      if let sockets = try? await listenOnce() { return sockets }
    }
    return try await listenOnce()
  }

  private func listenOnce() async throws -> [Socket] {
    var sockets: [Socket] = []
    do {
      let port = try await freePort()
      for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
        let quiescing = ServerQuiescingHelper(group: loop)
        let channel = try await bootstrap(on: loop, quiescing).bind(host: address.host, port: port).get()
        sockets.append(Socket(channel: channel, quiescing: quiescing, allClosed: loop.makePromise()))
      }
      return sockets
    } catch {
      for socket in sockets { socket.quiescing.initiateShutdown(promise: socket.allClosed) }
      throw ServiceFailure(error, listeningOn: address) ?? error
    }
  }

  /// The sockets of one user may share a port, of another process too: only a socket that doesn't share finds out that it
  /// is taken.
  private func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: address.host, port: address.port).get()
    let port = channel.localAddress?.port ?? address.port
    try await channel.close()
    return port
  }

  private func bootstrap(on loop: any EventLoop, _ quiescing: ServerQuiescingHelper) -> ServerBootstrap {
    ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
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
}
