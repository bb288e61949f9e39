import Foundation
package import Hummingbird
package import Logging
package import TLSRuntime

/// The listeners' part that changes while they run: the server's own certificate, and whom it trusts.
package final class SecureTransport: Sendable {
  package let contexts: ServerContexts
  package let admission: LivePeerAdmission
  package let registry: ConnectionRegistry
  private let clock: @Sendable () -> Date

  /// - Parameter credential: the certificate of the service and its key.
  /// - Throws: as ``ServerContexts/init(_:at:)``.
  package init(
    _ core: OrchestratorCore, credential: TLSCredential, minimum: TLSContextConfiguration.Minimum = .tls13,
    limits: TransportLimits? = nil
  ) throws {
    let snapshot = core.current
    let trust = PeerTrust(snapshot)
    clock = core.clock
    contexts = try ServerContexts(
      TLSContextConfiguration(trust: trust.authorities, credential: credential, minimum: minimum), at: core.clock())
    admission = LivePeerAdmission(trust, revocations: core.revocations, clock: core.clock)
    registry = ConnectionRegistry(
      limits: limits ?? TransportLimits(snapshot.configuration.server), revocations: core.revocations,
      clock: core.clock, logger: core.logger)
  }

  /// Puts another certificate, or other trust, in force: at once for new connections, and for clients that are
  /// connected with a certificate if the trust in it was withdrawn. The others stay connected.
  ///
  /// - Throws: as ``init(_:credential:minimum:limits:)``; what was in force stays in force then.
  package func replace(
    credential: TLSCredential, trust: PeerTrust, minimum: TLSContextConfiguration.Minimum = .tls13
  ) throws {
    try contexts.replace(
      TLSContextConfiguration(trust: trust.authorities, credential: credential, minimum: minimum), at: clock())
    admission.replace(trust)
    registry.close(for: .peerUntrusted) { [admission] in !admission.readmit($0) }
  }

  /// HTTP/1.1 and HTTP/2 over TLS that asks for a client certificate and doesn't require it.
  package func mutualTLS(_ responder: RouterResponder<ServiceContext>, logger: Logger) -> ServiceChannel {
    ServiceChannel(
      security: .init(contexts: contexts, admission: admission), registry: registry, responder: responder,
      logger: logger)
  }

  /// HTTP/1.1 without TLS, with the same limits.
  package func plain(_ responder: RouterResponder<ServiceContext>, logger: Logger) -> ServiceChannel {
    ServiceChannel(security: nil, registry: registry, responder: responder, logger: logger)
  }
}
