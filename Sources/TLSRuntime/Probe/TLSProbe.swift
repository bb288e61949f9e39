import Diagnosis
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// Observes a TLS server by connecting to it once.
package enum TLSProbe {
  /// Connects, shakes hands, and finds out whether the server accepted the client.
  ///
  /// A handshake that fails is a result; a server that can't be reached or speaks no TLS at all is an error only where
  /// that shows before the handshake.
  /// - Throws: ``ProbeError``.
  package static func run(_ configuration: ProbeConfiguration) async throws(ProbeError) -> ProbeResult {
    let recording = ServerRecording()
    let context: NIOSSLContext
    do {
      context = try NIOSSLContext(configuration: tlsConfiguration(configuration, recording))
    } catch {
      throw .unusableCredential(reason: describe(error))
    }
    do {
      return try await connect(configuration, recording, context)
    } catch let error as ProbeError {
      throw error
    } catch {
      throw .unreachable(configuration.endpoint, reason: describe(error))
    }
  }

  private static func connect(
    _ configuration: ProbeConfiguration, _ recording: ServerRecording, _ context: NIOSSLContext
  ) async throws -> ProbeResult {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: ProbeResult.self)
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let tap = WireTap()
          let probe = ProbeHandler(configuration: configuration, recording: recording, tap: tap, promise: promise) {
            try tlsHandler(configuration, recording, context)
          }
          try channel.pipeline.syncOperations.addHandlers([tap, probe])
        }
      }
    let channel: any Channel
    do {
      channel = try await bootstrap.connect(host: configuration.endpoint.host, port: configuration.endpoint.port).get()
    } catch {
      let reason = connectionError(error, configuration)
      promise.fail(reason)
      throw reason
    }
    let result = try await promise.futureResult.get()
    try? await channel.closeFuture.get()
    return result
  }

  /// TLS 1.2 is allowed: a probe has to see what the server does. Trust is ours to judge, in the callback.
  private static func tlsConfiguration(
    _ probe: ProbeConfiguration, _ recording: ServerRecording
  ) throws -> TLSConfiguration {
    var configuration = try TLSContextConfiguration(trust: [], credential: probe.credential, minimum: .tls12).client()
    configuration.certificateVerification = .noHostnameVerification
    configuration.shutdownTimeout = .milliseconds(100)
    configuration.keyLogCallback = { recording.record(keyLogLine: $0) }
    if let offer = probe.offer {
      configuration.minimumTLSVersion = version(offer.minimum)
      configuration.maximumTLSVersion = version(offer.maximum)
      if !offer.cipherSuites.isEmpty { configuration.cipherSuites = offer.cipherSuites.joined(separator: ":") }
    }
    return configuration
  }

  private static func version(_ version: TLSProtocolVersion) -> TLSVersion {
    switch version.rawValue {
    case 0x0301: .tlsv1
    case 0x0302: .tlsv11
    case 0x0303: .tlsv12
    default: .tlsv13
    }
  }

  private static func tlsHandler(
    _ configuration: ProbeConfiguration, _ recording: ServerRecording, _ context: NIOSSLContext
  ) throws -> NIOSSLClientHandler {
    let assess = configuration.assess
    let policy = configuration.serverPolicy
    return try NIOSSLClientHandler(
      context: context, serverHostname: sni(configuration.serverName)
    ) { certificates, promise in
      let chain = certificates.prefix(ServerRecording.maximumChain).compactMap { try? $0.toDERBytes() }
      recording.record(chain: chain)
      NIOThreadPool.singleton.runIfActive(eventLoop: promise.futureResult.eventLoop) {
        let assessment = assess(chain)
        recording.record(assessment: assessment)
        return policy == .enforce && assessment.objection != nil ? .failed : .certificateVerified
      }.cascade(to: promise)
    }
  }

  /// The name for SNI (RFC 6066 §3): a host name, never an address or a URI.
  private static func sni(_ name: String) -> String? {
    let isHostName = name.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }
    guard isHostName, (1...253).contains(name.utf8.count), (try? SocketAddress(ipAddress: name, port: 0)) == nil else {
      return nil
    }
    return name
  }
}

// MARK: - Errors

extension TLSProbe {
  private static func connectionError(_ error: any Error, _ configuration: ProbeConfiguration) -> ProbeError {
    let endpoint = configuration.endpoint
    let causes = (error as? NIOConnectionError).map { $0.connectionErrors.map(\.error) } ?? [error]
    for cause in causes {
      if let cause = cause as? IOError {
        if cause.errnoCode == ECONNREFUSED { return .connectionRefused(endpoint) }
        return .unreachable(endpoint, reason: String(cString: strerror(cause.errnoCode)).lowercased())
      }
      if case .connectTimeout = cause as? ChannelError {
        return .connectTimedOut(endpoint, after: configuration.connectTimeout)
      }
    }
    if let error = error as? NIOConnectionError, error.dnsAError != nil || error.dnsAAAAError != nil {
      return .hostNotFound(endpoint.host)
    }
    return .unreachable(endpoint, reason: describe(error))
  }

  static func describe(_ error: any Error) -> String {
    "\(error)"
  }
}
