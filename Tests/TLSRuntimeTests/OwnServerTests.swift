import Credentials
import Crypto
import Diagnosis
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import PKITestKit
import TLSRuntime
import Testing
import X509

@Suite("check against a server with our own configuration")
struct OwnServerTests {
  /// Listens with the server configuration of TLSRuntime, and closes with its owner.
  private func listen(_ credential: TLSCredential, trust: [Certificate]) async throws -> any Channel {
    let configuration = try TLSContextConfiguration(trust: trust, credential: credential).server()
    let context = try NIOSSLContext(configuration: configuration)
    return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  @Test("the hybrid group is agreed on first, TLS 1.3 alone, and the CA is named")
  func defaults() async throws {
    let pki = try HandshakePKI.shared.get()
    let authority = try #require(try pki.credential("ca").chain.first)
    let server = try await listen(pki.credential("server"), trust: [authority])
    let report = try await check(port: try #require(server.localAddress?.port), as: "client") {
      $0.question = .silence
      $0.grace = .seconds(10)
    }
    try await server.close()
    #expect(report.observation.tls?.version == .tls13)
    #expect(report.observation.tls?.group == .x25519MLKEM768)
    #expect(report.observation.tls?.askedForAnotherGroup == false)
    #expect(report.observation.clientCertificateRequest.authorities == ["O=Example,CN=Test CA"])
    #expect(report.outcome(.none) == afterHandshake(.certificateRequired))
    #expect(report.outcome(.foreign)?.isAccepted == false)
    #expect(report.outcome(.own) == .accepted(.stayedOpen))
  }

  @Test("client keys of P-521 and Ed25519 can sign", arguments: ["P-521", "Ed25519"])
  func clientKeys(kind: String) async throws {
    let pki = try HandshakePKI.shared.get()
    let key =
      kind == "P-521"
      ? Certificate.PrivateKey(P521.Signing.PrivateKey()) : Certificate.PrivateKey(Curve25519.Signing.PrivateKey())
    let name = try DistinguishedName { CommonName("client") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: Date() - 60,
      notValidAfter: Date() + 3600, issuer: name, subject: name,
      extensions: .init { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) }, issuerPrivateKey: key
    )
    let credential = TLSCredential(chain: [certificate], key: key)
    let server = try await listen(pki.credential("server"), trust: [certificate])
    let report = try await check(port: try #require(server.localAddress?.port)) {
      $0.credential = credential
      $0.question = .silence
      $0.grace = .milliseconds(500)
    }
    try await server.close()
    #expect(report.outcome(.own) == .accepted(.stayedOpen))
  }

  @Test("a server configuration without a certificate is refused")
  func noCredential() {
    #expect(throws: TLSContextError.self) { try TLSContextConfiguration(trust: [], credential: nil).server() }
  }

  @Test("a key of another certificate is refused before anything is sent")
  func wrongKey() async throws {
    let pki = try HandshakePKI.shared.get()
    let credential = TLSCredential(chain: try pki.credential("client").chain, key: try pki.credential("server").key)
    let server = try ServerProcess.openssl(pki.server, ["-www"])
    let error = await #expect(throws: ProbeError.self) {
      try await check(port: server.port) { $0.credential = credential }
    }
    #expect(error?.kind == .badInput)
  }
}
