import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Ledger
import LedgerSQLite
import Logging
import NIOCore
import PKITestKit
import SwiftASN1
import Synchronization
import Testing
import X509

@testable import Credentials
@testable import Orchestrator

/// An authority with its ledger in a folder, and the parts of the service that answer for its certificates.
final class RevocationFixture: Sendable {
  let folder: TemporaryDirectory
  let ledger: SQLiteLedger
  let core: OrchestratorCore
  let responder: OCSPResponder
  let publisher: CRLPublisher
  let follower: LedgerFollower
  let root: Issuer
  private let offset = Mutex<TimeInterval>(0)

  /// The issuer that signs: an intermediate, with what it says of itself in its leaves.
  var signing: LiveAuthority.Issuing { core.current.authority.signing }
  var name: String { get throws { try Distribution.name(of: signing.issuer.certificate.publicKey) } }

  init(_ change: (inout OrchestratorConfiguration) -> Void = { _ in }) async throws {
    folder = try TemporaryDirectory()
    ledger = try SQLiteLedger.openOrCreate(folder.file("ledger.db").path)
    let now = Date()
    root = try Issuer.root(
      AuthorityPlan(name: "Test Root", lifetime: .seconds(3650 * 86_400)),
      key: Certificate.PrivateKey(P256.Signing.PrivateKey()), serial: .init(bytes: [0x51, 1]), at: now)
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let intermediate = try root.issueIntermediate(
      AuthorityPlan(name: "Test Issuing CA", organization: "ORG1", lifetime: .seconds(365 * 86_400)),
      key: key.publicKey, serial: .init(bytes: [0x52, 2]), at: now
    ).certificate
    let issuer = try Issuer(certificate: intermediate, intermediates: [intermediate], key: key)
    let signing = LiveAuthority.Issuing(
      issuer: issuer, reference: try IssuerReference(publicKey: intermediate.publicKey, ordinal: 2))
    var configuration = OrchestratorConfiguration(
      listen: .init(host: "127.0.0.1", port: 0), names: [], ledger: .sqlite(path: ledger.path))
    change(&configuration)
    let shift = Shift()
    core = OrchestratorCore(
      .init(
        configuration: configuration,
        authority: LiveAuthority(signing: signing, issuers: [signing], roots: [root.certificate])),
      ledger: ledger, clock: { Date() + shift.seconds }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    self.shift = shift
    responder = OCSPResponder(core: core)
    publisher = CRLPublisher(core: core)
    follower = LedgerFollower(core: core, every: .milliseconds(50))
    try write(root.certificate, "root.pem")
    try write(intermediate, "issuer.pem")
    try Data((pem(intermediate) + pem(root.certificate)).utf8).write(to: folder.file("bundle.pem"))
  }

  private let shift: Shift

  /// How far the clock of the service is off.
  final class Shift: Sendable {
    private let value = Mutex<TimeInterval>(0)
    var seconds: TimeInterval { value.withLock { $0 } }
    func set(_ seconds: TimeInterval) { value.withLock { $0 = seconds } }
  }

  func setClock(ahead seconds: TimeInterval) { shift.set(seconds) }

  /// Issues and records a certificate; NAME.pem and NAME.key lie in the folder then, NAME.chain.pem with the issuer.
  @discardableResult
  func issue(_ name: String) async throws -> IssuedCertificate {
    let key = P256.Signing.PrivateKey()
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: .init(key),
      attributes: CertificateSigningRequest.Attributes([]))
    let der = try request.derBytes()
    let grant = Grant(
      try VerifiedRequest(CertificateRequest(der: der)), profile: .node, lifetime: .seconds(30 * 86_400))
    var random = SystemRandomNumberGenerator()
    let recorded = RecordedIssuing(issuer: signing.issuer, reference: signing.reference, log: ledger)
    let issued = try await recorded.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), der: der, serial: .random(using: &random), by: "test",
      at: core.clock())
    try write(issued.certificate, "\(name).pem")
    try Data((pem(issued.certificate) + pem(signing.issuer.certificate)).utf8)
      .write(to: folder.file("\(name).chain.pem"))
    try Data(key.pemRepresentation.utf8).write(to: folder.file("\(name).key"))
    return issued
  }

  func revoke(_ certificate: IssuedCertificate, _ reason: RevocationRecord.Reason = .keyCompromise) async throws {
    try await ledger.revoke(
      certificate.certificate.serialNumber, of: signing.reference, reason: reason, by: "test", at: core.clock())
  }

  /// The list that is served now, DER.
  func revocationList() throws -> CertificateRevocationList {
    guard let list = try publisher.list(of: name) else { throw Tool.Failure(description: "no list yet") }
    return try CertificateRevocationList(der: Array(buffer: list.document.bytes))
  }

  /// The DER of a request for a certificate in the folder, made by openssl.
  func request(_ name: String, _ more: String...) async throws -> [UInt8] {
    let file = "request-\(UUID().uuidString)"
    try await run("openssl", ["ocsp", "-issuer", "issuer.pem"] + more + ["-cert", "\(name).pem", "-reqout", file])
    return Array(try Data(contentsOf: folder.file(file)))
  }

  /// Runs a tool in the folder and requires that it succeeds.
  @discardableResult
  func run(_ program: String, _ arguments: [String], input: Data? = nil) async throws -> Tool.Output {
    let url = folder.url
    return try await outsideThePool { try Tool.require(program, arguments, in: url, input: input) }
  }

  /// Serves on a free port of 127.0.0.1 while the body runs; certificates that are issued meanwhile say so.
  func serving(_ body: (_ port: Int) async throws -> Void) async throws {
    await responder.renewDue()
    await publisher.publishDue()
    let router = Router(context: ServiceContext.self)
    RevocationRoutes(core: core, responder: responder, publisher: publisher).addRoutes(to: router)
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let registry = ConnectionRegistry(
      limits: TransportLimits(), revocations: core.revocations, clock: core.clock, logger: core.logger)
    let listener = Listener(
      address: ListenAddress(host: "127.0.0.1", port: 0),
      connections: ServiceChannel(
        security: nil, registry: registry, responder: router.buildResponder(), logger: core.logger),
      onListening: { continuation.yield($0) })
    let server = Task {
      defer { continuation.finish() }
      try await listener.run()
    }
    defer { server.cancel() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    var snapshot = core.current
    snapshot.authority.signing.issuer = try snapshot.authority.signing.issuer.publishing(at: "http://127.0.0.1:\(port)")
    snapshot.authority.issuers = [snapshot.authority.signing]
    core.replace(snapshot)
    try await body(port)
  }

  private func pem(_ certificate: Certificate) throws -> String { try certificate.serializeAsPEM().pemString + "\n" }

  private func write(_ certificate: Certificate, _ name: String) throws {
    try Data(pem(certificate).utf8).write(to: folder.file(name))
  }
}

/// Runs what blocks, such as waiting for a program, on a thread of its own: the server under test needs those of the
/// pool.
func outsideThePool<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}

/// Waits until something holds, for five minutes and more on a busy machine.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<6000 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
}
