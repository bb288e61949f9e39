import Credentials
import Enrolment
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import LedgerSQLite
import Logging
import NIOCore
import Orchestrator
import PKITestKit
import SwiftASN1
import Synchronization
import X509

/// An orchestrator's enrolment without a network: a root, an intermediate, a ledger on the disk, and EST's routes.
final class EnrolmentBench: Sendable {
  static let start = Date(timeIntervalSince1970: 1_900_000_000)

  let folder: TemporaryDirectory
  let ledger: SQLiteLedger
  let core: OrchestratorCore
  let parts: EnrolmentParts
  let root: Certificate
  private let responder: RouterResponder<ServiceContext>

  init(
    admission: AdmissionRules = AdmissionRules(tokens: true), policy: IssuancePolicy = .unrestricted,
    limits: RateLimits = RateLimits(), issuing: IssuingDefaults = IssuingDefaults()
  ) throws {
    folder = try TemporaryDirectory()
    ledger = try SQLiteLedger.openOrCreate(folder.file("ledger.db").path)
    var generator = SystemRandomNumberGenerator()
    let rootIssuer = try Issuer.root(
      AuthorityPlan(name: "Root", lifetime: .seconds(10 * 31_536_000)), key: try KeyKind.p256.generate(),
      serial: .random(using: &generator), at: Self.start)
    root = rootIssuer.certificate
    let key = try KeyKind.p256.generate()
    let intermediate = try rootIssuer.issueIntermediate(
      AuthorityPlan(name: "Intermediate", lifetime: .seconds(3 * 31_536_000)), key: key.publicKey,
      serial: .random(using: &generator), at: Self.start
    ).certificate
    let issuer = try Issuer(certificate: intermediate, intermediates: [intermediate], key: key)
    let signing = LiveAuthority.Issuing(
      issuer: issuer, reference: try IssuerReference(publicKey: key.publicKey, ordinal: 2))
    let configuration = OrchestratorConfiguration(
      listen: ListenAddress(host: "127.0.0.1", port: 0), names: [], ledger: .sqlite(path: "ledger.db"),
      admission: admission, policy: policy, limits: limits, issuing: issuing)
    let clock = BenchClock()
    core = OrchestratorCore(
      .init(
        configuration: configuration,
        authority: LiveAuthority(signing: signing, issuers: [signing], roots: [root])),
      ledger: ledger, clock: { clock.now }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    self.clock = clock
    parts = EnrolmentParts(core: core)
    let router = Router(context: ServiceContext.self)
    for provider in parts.routes { provider.addRoutes(to: router) }
    responder = router.buildResponder()
  }

  let clock: BenchClock

  var now: Date { clock.now }

  // MARK: Asking

  struct Answer {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]

    /// The body of a refusal.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The only certificate of the answer.
    var certificate: Certificate {
      get throws {
        let found = try CertificatesOnly.decode(try Base64.decode(body[...]))
        guard found.count == 1, let der = found.first else { throw Tool.Failure(description: "\(found.count)") }
        return try Certificate(derEncoded: der)
      }
    }
  }

  func ask(
    _ method: HTTPRequest.Method = .post, _ path: String = "simpleenroll", body: [UInt8] = [],
    credentials: TokenSecret? = nil, peer: Certificate? = nil, type: String? = "application/pkcs10",
    headers: HTTPFields = [:], source: String = "192.0.2.1", isSecure: Bool = true
  ) async throws -> Answer {
    var headers = headers
    if let type { headers[.contentType] = type }
    if let credentials {
      headers[.authorization] = "Basic " + Data("\(credentials.id):\(credentials.text)".utf8).base64EncodedString()
    }
    let head = HTTPRequest(
      method: method, scheme: "https", authority: "localhost", path: "/.well-known/est/\(path)", headerFields: headers)
    let reference = core.current.authority.signing.reference
    let identity = try peer.map {
      PeerIdentity(certificate: $0, der: try $0.derBytes(), origin: .own(reference))
    }
    let context = ServiceContext(
      BenchSource(), ConnectionFacts(source: source, isSecure: isSecure, peer: identity))
    let response = try await responder.respond(
      to: Request(head: head, body: .init(buffer: ByteBuffer(bytes: body))), context: context)
    let collected = Collected()
    try await response.body.write(CollectingWriter(collected: collected))
    return Answer(status: response.status.code, headers: response.headers, body: collected.bytes.withLock { $0 })
  }

  // MARK: Having

  func invite(
    _ scope: Invitation.Scope = .init(), uses: Int = 1, lifetime: TimeInterval = 3600
  ) async throws -> TokenSecret {
    var generator = SystemRandomNumberGenerator()
    let secret = TokenSecret(using: &generator)
    try await ledger.record(
      Invitation(
        id: secret.id, secretHash: secret.hash, scope: scope, uses: uses, createdBy: "test", createdAt: now,
        expiresAt: now + lifetime), at: now)
    return secret
  }

  /// A request in base64.
  func request(
    _ name: String, organization: String? = nil, names: [SubjectName] = [], key: Certificate.PrivateKey? = nil
  ) throws -> [UInt8] {
    let identity = try Identity(commonName: name, organization: organization, names: names)
    let request = try CertificateRequest(identity, key: try key ?? KeyKind.p256.generate())
    return Base64.encode(try request.signed.derBytes())
  }

  func events(_ kind: EventKind) async throws -> [Event] {
    try await ledger.events(after: 0, limit: 1000).filter { $0.kind == kind }
  }
}

final class BenchClock: Sendable {
  private let time = Mutex(EnrolmentBench.start)
  var now: Date { time.withLock { $0 } }
  func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

private struct BenchSource: RequestContextSource {
  var logger: Logger {
    var logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .critical
    logger[metadataKey: RequestIdentifier.metadataKey] = "request-1"
    return logger
  }
}

private final class Collected: Sendable {
  let bytes = Mutex<[UInt8]>([])
}

private struct CollectingWriter: ResponseBodyWriter {
  let collected: Collected

  mutating func write(_ buffer: ByteBuffer) async throws {
    collected.bytes.withLock { $0 += Array(buffer: buffer) }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
