import Credentials
package import Foundation
import NIOCore
import NIOSSL
import Synchronization
import X509

/// The TLS context that new connections get. Another one can be put in its place at any time: connections that are
/// open live on with the one that they began with, and session tickets die with the context that issued them.
package final class ServerContexts: Sendable {
  /// In the order of preference.
  package static let applicationProtocols = ["h2", "http/1.1"]

  private let context: Mutex<NIOSSLContext>

  /// - Throws: ``TLSContextError``, or what NIOSSL says of a certificate or a key that it can't use.
  package init(_ configuration: TLSContextConfiguration, at now: Date) throws {
    context = Mutex(try Self.build(configuration, at: now))
  }

  /// Puts another credential or other trust in force for connections that begin after this. Takes some milliseconds
  /// for the keys: not for an event loop.
  ///
  /// - Throws: as ``init(_:at:)``; what was in force stays in force then.
  package func replace(_ configuration: TLSContextConfiguration, at now: Date) throws {
    let new = try Self.build(configuration, at: now)
    context.withLock { $0 = new }
  }

  var current: NIOSSLContext { context.withLock { $0 } }

  private static func build(_ configuration: TLSContextConfiguration, at now: Date) throws -> NIOSSLContext {
    guard let credential = configuration.credential, let leaf = credential.chain.first else {
      throw TLSContextError.noCredential
    }
    guard leaf.publicKey == credential.key.publicKey else { throw TLSContextError.keyMismatch }
    guard leaf.notValidBefore <= now, now <= leaf.notValidAfter else {
      throw TLSContextError.notValid(from: leaf.notValidBefore, until: leaf.notValidAfter)
    }
    var settings = try configuration.server(clientCertificate: .requested)
    settings.applicationProtocols = applicationProtocols
    settings.shutdownTimeout = .seconds(2)
    return try NIOSSLContext(configuration: settings)
  }
}
