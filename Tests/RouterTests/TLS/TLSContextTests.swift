import Credentials
import Formats
import Foundation
import Testing
import X509

@testable import Router

/// One end of a connection that has no sockets.
private final class End {
  private let bytes: TLSBytes
  /// What would judge its peer. It is never asked here.
  private let owner: UnsafeMutableRawPointer
  private let session: TLSSession

  init?(_ context: TLSContext) {
    let bytes = TLSBytes()
    let owner = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
    guard let session = TLSSession(context, bytes: bytes, owner: owner) else { return nil }
    self.bytes = bytes
    self.owner = owner
    self.session = consume session
  }

  deinit { owner.deallocate() }

  /// Goes on with what the other end wrote.
  func handshake(with other: End? = nil) -> TLSSession.Progress {
    if let other { bytes.offer(other.bytes.output) }
    let progress = session.handshake()
    other?.bytes.clearOutput()
    return progress
  }
}

@Suite("TLS contexts")
struct TLSContextTests {
  private let root: PeerFixture
  private let server: PeerFixture

  init() throws {
    root = try PeerFixture.authority("Root")
    server = try PeerFixture.node("server", by: root) { $0.names = [.dnsName("server.example.org")] }
  }

  /// - Parameter surplus: bytes behind the certificate in its chain.
  private func context(trust: PeerTrust? = nil, surplus: Int = 0) throws -> TLSContext {
    let chain = [server.der] + (0..<surplus / 1000).map { _ in [UInt8](repeating: 0x30, count: 1000) }
    let credential = RouterCredential(chain: chain, key: try KeyCoding.pkcs8(server.key))
    return try TLSContext(.init(role: .server, credential: credential, trust: trust, settings: TLSSettings()))
  }

  private func client() throws -> End {
    let context = try TLSContext(
      .init(role: .client(serverName: nil), credential: nil, trust: nil, settings: TLSSettings()))
    return try #require(End(context))
  }

  /// What comes of the handshake at a client to whom a server sends that much behind its certificate.
  private func outcome(surplus: Int) throws -> TLSSession.Progress {
    let context = try context(surplus: surplus)
    let client = try client()
    let server = try #require(End(context))
    let hello = client.handshake()
    let flight = server.handshake(with: client)
    #expect(hello == .wantsMore && flight == .wantsMore)
    return client.handshake(with: server)
  }

  @Test("a chain of 20 KB is read, one of 40 KB is not")
  func longChain() throws {
    let (short, long) = (try outcome(surplus: 20_000), try outcome(surplus: 40_000))
    #expect(short == .done)
    #expect(long == .failed(TLSFailure(reason: "excessive message size", alert: nil)))
  }

  @Test("authorities with too many names to write are announced by none, and clients can connect")
  func manyAuthorities() throws {
    let anchors = try (0..<400).map { number in
      try PeerFixture.authority("CA \(number) \(String(repeating: "x", count: 200))") { $0.key = root.key }.input
    }
    let client = try client()
    let context = try context(trust: PeerTrust(anchors: anchors, purpose: .client))
    let server = try #require(End(context))
    let hello = client.handshake()
    let flight = server.handshake(with: client)
    #expect(hello == .wantsMore && flight == .wantsMore)
    #expect(TLSContext.announced(anchors).isEmpty)
    #expect(TLSContext.announced(Array(anchors.prefix(50))).count == 50)
  }

  @Test("each name is announced once, and in the order of the bundle")
  func names() throws {
    let (other, again) = (try PeerFixture.authority("Other"), try PeerFixture.authority("Root"))
    let broken = CertificateInput(der: [0x30, 0])
    let announced = TLSContext.announced([root.input, broken, other.input, again.input])
    let expected = try [root, other].map { try $0.certificate.subject.derBytes() }
    #expect(announced == expected)
  }
}
