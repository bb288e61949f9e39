import Crypto
import Enrolment
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import LedgerSQLite
import Logging
import NIOCore
import NIOPosix
import PKITestKit
import SwiftASN1
import X509

@testable import Credentials
@testable import Orchestrator

/// The administration interface over a real ledger, without a network.
final class AdministrationFixture: Sendable {
  struct Answer {
    var status: Int
    var fields: HTTPFields
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try JSONDecoder().decode(type, from: Data(body))
    }
  }

  let folder: TemporaryDirectory
  let ledger: SQLiteLedger
  let core: OrchestratorCore
  let root: Issuer
  private let responder: any HTTPResponder<ServiceContext>
  private let channel: any Channel

  init(_ change: (inout OrchestratorConfiguration) -> Void = { _ in }) async throws {
    folder = try TemporaryDirectory()
    ledger = try SQLiteLedger.openOrCreate(folder.file("ledger.db").path)
    root = try Issuer.root(
      AuthorityPlan(name: "Test Root", lifetime: .seconds(3650 * 86_400)),
      key: Certificate.PrivateKey(P256.Signing.PrivateKey()), serial: .init(bytes: [0x51, 1]), at: Date())
    let signing = LiveAuthority.Issuing(
      issuer: root, reference: try IssuerReference(publicKey: root.certificate.publicKey, ordinal: 1))
    var configuration = OrchestratorConfiguration(
      listen: .init(host: "127.0.0.1", port: 0), names: [], ledger: .sqlite(path: ledger.path))
    change(&configuration)
    core = OrchestratorCore(
      .init(
        configuration: configuration,
        authority: LiveAuthority(signing: signing, issuers: [signing], roots: [root.certificate])),
      ledger: ledger, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let router = Router(context: ServiceContext.self)
    router.add(middleware: RequestEdge(core: core))
    AdminRoutes(core: core, publisher: CRLPublisher(core: core), decisions: DecisionLog(core: core)).addRoutes(
      to: router)
    responder = router.buildResponder()
    // A channel that nothing comes over: a request's context wants one.
    channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    try await ledger.announce(
      ServiceRecord(url: "https://localhost:8443", rootHash: Fingerprint(root.certificate).bytes, startedAt: Date()))
  }

  deinit { channel.close(promise: nil) }

  /// The value of an Authorization field.
  func token(_ role: AccessToken.Role, name: String = "ada", lifetime: TimeInterval = 3600) async throws -> String {
    var generator = SystemRandomNumberGenerator()
    let secret = TokenSecret(using: &generator)
    let now = Date()
    try await ledger.record(
      AccessToken(
        id: secret.id, secretHash: secret.hash, name: name, role: role, createdBy: "test", createdAt: now,
        expiresAt: now + lifetime), at: now)
    return "Bearer \(secret.id).\(secret.text)"
  }

  func call(
    _ method: HTTPRequest.Method, _ target: String, as authorization: String? = nil, json: String? = nil,
    fields: HTTPFields = [:]
  ) async throws -> Answer {
    var headers = fields
    headers[.authorization] = authorization
    if json != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
    let head = HTTPRequest(
      method: method, scheme: "https", authority: "localhost", path: target, headerFields: headers)
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: json ?? "")))
    var logger = core.logger
    logger[metadataKey: RequestIdentifier.metadataKey] = "request-1"
    let source = ApplicationRequestContextSource(channel: channel, logger: logger)
    let response = try await responder.respond(to: request, context: ServiceContext(source: source))
    let collected = Collected()
    try await response.body.write(Collector(collected: collected))
    return Answer(status: response.status.code, fields: response.headers, body: collected.bytes)
  }

  /// Issues and records a certificate.
  @discardableResult
  func issue(_ name: String, organization: String? = nil) async throws -> String {
    let der = try Self.request(name, organization: organization)
    let grant = Grant(
      try VerifiedRequest(CertificateRequest(der: der)), profile: .node, lifetime: .seconds(30 * 86_400))
    var random = SystemRandomNumberGenerator()
    let recorded = RecordedIssuing(
      issuer: root, reference: core.current.authority.signing.reference, log: ledger)
    return try await recorded.issue(
      IssuancePolicy.unrestricted.authorize(grant, as: .desk), der: der, serial: .random(using: &random), by: "test",
      at: Date()
    ).certificate.serialNumber.hex
  }

  /// Puts a request into the queue.
  func submit(_ name: String) async throws -> PendingRequest {
    let der = try Self.request(name)
    let now = Date()
    let code = PairingCode(
      root: try root.certificate.derBytes(), request: try VerifiedRequest(CertificateRequest(der: der)))
    return try await ledger.submit(
      PendingRequest(
        id: Array(SHA256.hash(data: der).prefix(8)).hexadecimal, name: name, organization: nil, names: ["dns:\(name)"],
        request: der, pairingCode: code.description, source: "192.0.2.1", createdAt: now, expiresAt: now + 3600),
      mostWaiting: 100, at: now)
  }

  static func request(_ name: String, organization: String? = nil) throws -> [UInt8] {
    let identity = try Identity(commonName: name, organization: organization)
    return try CertificateRequest(identity, key: .init(P256.Signing.PrivateKey())).signed.derBytes()
  }

  /// What the last events say.
  func events() async throws -> [Event] { try await ledger.events(after: 0, limit: 1000) }
}

private final class Collected: @unchecked Sendable {
  var bytes: [UInt8] = []
}

private struct Collector: ResponseBodyWriter {
  let collected: Collected

  func write(_ buffer: ByteBuffer) async throws { collected.bytes += Array(buffer: buffer) }
  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
