import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import LedgerSQLite
import Logging
import Orchestrator
import PKITestKit
import SwiftASN1
import Synchronization
import X509

/// The ways of admission before a ledger on the disk, under a clock that the test moves.
final class MethodBench: Sendable {
  static let start = Date(timeIntervalSince1970: 1_900_000_000)
  static let lifetime: TimeInterval = 86_400

  let folder: TemporaryDirectory
  let ledger: SQLiteLedger
  let core: OrchestratorCore
  let limits: EnrolmentLimits
  let nonces = NonceBook()
  let checks = PasswordChecks()
  private let service: EnrolmentService

  init(
    _ admission: AdmissionRules, policy: IssuancePolicy = .unrestricted, limits rates: RateLimits = RateLimits()
  ) throws {
    folder = try TemporaryDirectory()
    ledger = try SQLiteLedger.openOrCreate(folder.file("ledger.db").path)
    var generator = SystemRandomNumberGenerator()
    let key = try KeyKind.p256.generate()
    let issuer = try Issuer.root(
      AuthorityPlan(name: "Root", lifetime: .seconds(10 * 31_536_000)), key: key,
      serial: .random(using: &generator), at: Self.start)
    let signing = LiveAuthority.Issuing(
      issuer: issuer, reference: try IssuerReference(publicKey: key.publicKey, ordinal: 1))
    let configuration = OrchestratorConfiguration(
      listen: ListenAddress(host: "127.0.0.1", port: 0), names: [], ledger: .sqlite(path: "ledger.db"),
      admission: admission, policy: policy, limits: rates,
      issuing: IssuingDefaults(lifetime: .seconds(Int(Self.lifetime))))
    let clock = BoxedTime()
    self.clock = clock
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    core = OrchestratorCore(
      .init(
        configuration: configuration,
        authority: LiveAuthority(signing: signing, issuers: [signing], roots: [issuer.certificate])),
      ledger: ledger, clock: { clock.now }, logger: logger)
    limits = EnrolmentLimits(ledger: ledger, logger: logger, uptime: { clock.uptime })
    service = EnrolmentService(
      core: core,
      methods: [
        LateRenewalAdmission(catalog: ledger, nonces: nonces), PasswordAdmission(checks: checks, limits: limits),
        PartnerAdmission(),
      ], gate: nil, decisions: DecisionLog(core: core))
  }

  let clock: BoxedTime
  var now: Date { clock.now }

  final class BoxedTime: Sendable {
    private let seconds = Mutex<TimeInterval>(0)
    var now: Date { MethodBench.start + seconds.withLock { $0 } }
    var uptime: Duration { .milliseconds(Int64(seconds.withLock { $0 } * 1000)) }
    func advance(_ by: TimeInterval) { seconds.withLock { $0 += by } }
  }

  struct Asked {
    var request: [UInt8]
    var key: Certificate.PrivateKey
  }

  func request(_ name: String, _ organization: String? = nil, dns: [String] = []) throws -> Asked {
    let key = try KeyKind.p256.generate()
    let identity = try Identity(
      commonName: name, organization: organization, names: try dns.map { .dns(try DNSName($0)) })
    return Asked(request: try CertificateRequest(identity, key: key).signed.derBytes(), key: key)
  }

  /// The certificate, or the refusal's status and rule.
  enum Answer {
    case certificate(Certificate)
    case refused(status: Int, refusal: Refusal)

    var certificate: Certificate? { if case .certificate(let certificate) = self { certificate } else { nil } }
    var status: Int { if case .refused(let status, _) = self { status } else { 200 } }
    var cause: String { if case .refused(_, let refusal) = self { refusal.cause } else { "" } }
  }

  func enrol(
    _ request: [UInt8], _ operation: EnrolmentRequest.Operation = .enrol, user: String? = nil,
    password: String = "correct horse", peer: PeerIdentity? = nil
  ) async throws -> Answer {
    let credentials = user.map { BasicCredentials(user: $0, password: Array(password.utf8)) }
    let submission = EnrolmentSubmission(
      der: request, operation: operation, credentials: credentials, peer: peer, source: "192.0.2.1")
    switch try await service.enrol(submission) {
    case .issued(let der): return .certificate(try Certificate(derEncoded: der))
    case .waiting: throw Tool.Failure(description: "it waits")
    case .refused(let refusal): return .refused(status: refusal.problem.status.code, refusal: refusal)
    }
  }

  /// What a client with the old key sends.
  func evidence(
    _ certificate: Certificate, key: Certificate.PrivateKey, request: [UInt8], nonce: String? = nil
  ) throws -> EnrolmentRequest.Operation {
    let nonce = Array((nonce ?? nonces.issue(at: now)).utf8)
    let statement = LateRenewalStatement(nonce: nonce, request: request)
    let signature = try folder.sign(statement.bytes, key)
    return .lateRenewal(
      LateRenewalEvidence(certificate: try certificate.derBytes(), nonce: nonce, signature: signature))
  }

  func events(_ kind: String) async throws -> [Event] {
    try await ledger.events(after: 0, limit: 1000).filter { $0.kind.rawValue == kind }
  }
}

extension TemporaryDirectory {
  /// By openssl, as a node's script would.
  fileprivate func sign(_ bytes: [UInt8], _ key: Certificate.PrivateKey) throws -> [UInt8] {
    let path = file("key-\(UInt64.random(in: 0 ... .max)).pem")
    try Data(try key.serializeAsPEM().pemString.utf8).write(to: path)
    let output = try Tool.openssl("dgst", "-sha256", "-sign", path.path, input: Data(bytes))
    return Array(output.stdout)
  }
}
