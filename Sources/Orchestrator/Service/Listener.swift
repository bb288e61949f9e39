import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// One of the service's sockets with what is served on it.
struct Listener: Service, CustomStringConvertible {
  let address: ListenAddress
  let server: HTTPServerBuilder
  let responder: RouterResponder<ServiceContext>
  let logger: Logger
  /// Called with the port once it listens.
  let onListening: @Sendable (Int) -> Void

  var description: String { "listener \(address)" }

  func run() async throws {
    let application = Application(
      responder: responder, server: server,
      configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port), backlog: 4096),
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? address.port) }, logger: logger)
    do {
      try await application.run()
    } catch {
      throw ServiceFailure(error, listeningOn: address) ?? error
    }
  }
}
