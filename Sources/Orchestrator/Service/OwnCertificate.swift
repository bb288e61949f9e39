package import Credentials
import Crypto
package import Foundation
import Ledger
import Logging
import ServiceLifecycle
import SwiftASN1
import Synchronization
package import TLSRuntime
package import X509

/// Where the service keeps its certificate and key between two starts.
package protocol CredentialStore: Sendable {
  /// Nil where there is none, or none that can be read.
  func load() throws -> TLSCredential?
  /// Certificate and key change together or not at all.
  func store(_ credential: TLSCredential) throws
}

/// The certificate of the TLS listener: issued by the service itself, kept between starts, and renewed when two thirds
/// of its life are over, when the names in the configuration change, or when another issuer signs.
package final class OwnCertificate: Sendable {
  private let core: OrchestratorCore
  private let store: any CredentialStore
  private let state: ServiceState
  /// Part of the time until a renewal, 0 to 1: several orchestrators don't all renew at once.
  private let jitter: Double
  private let current = Mutex<TLSCredential?>(nil)

  package init(core: OrchestratorCore, store: any CredentialStore, state: ServiceState, jitter: Double) {
    self.core = core
    self.store = store
    self.state = state
    self.jitter = jitter
  }

  /// What the listener shows; nil before the first ``renewIfDue()``.
  package var credential: TLSCredential? { current.withLock { $0 } }

  /// Loads, keeps or renews, whichever is due.
  /// - Returns: the credential where it is another than before.
  /// - Throws: ``IssuanceError``, ``LedgerError``, or what the store throws.
  @discardableResult
  package func renewIfDue() async throws -> TLSCredential? {
    let now = core.clock()
    let plan = OwnCertificatePlan(core.current)
    guard let known = try credential ?? store.load() else {
      return try await renew(plan, because: "there is none", at: now)
    }
    if let reason = plan.reasonToRenew(known, at: now) { return try await renew(plan, because: reason, at: now) }
    if let renewal, renewal <= now { return try await renew(plan, because: "it is time", at: now) }
    let isNew = credential == nil
    take(known)
    return isNew ? known : nil
  }

  /// When it is to be renewed.
  package var renewal: Date? {
    credential.flatMap { $0.chain.first }.map { OwnCertificatePlan.renewal(of: $0, jitter: jitter) }
  }

  private func renew(_ plan: OwnCertificatePlan, because reason: String, at now: Date) async throws -> TLSCredential {
    let issuing = core.current.authority.signing
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    var random = SystemRandomNumberGenerator()
    let recorded = RecordedIssuing(issuer: issuing.issuer, reference: issuing.reference, log: core.ledger)
    let (request, der) = try plan.request(key, issuer: issuing.issuer, at: now)
    let issued = try await recorded.issue(
      request, der: der, serial: .random(using: &random), by: "orchestrator",
      admission: Admission(kind: .service, rule: "own certificate"), at: now)
    let credential = TLSCredential(chain: [issued.certificate] + issuing.issuer.intermediates, key: key)
    try store.store(credential)
    core.metrics.issued(.service)
    core.logger.info(
      "own certificate issued",
      metadata: [
        "reason": "\(reason)", "serial": "\(issued.certificate.serialNumber.hex)",
        "notAfter": "\(rfc3339(issued.certificate.notValidAfter))",
        "names": "\(request.grant.names.map(\.text).joined(separator: " "))",
      ])
    take(credential)
    return credential
  }

  private func take(_ credential: TLSCredential) {
    current.withLock { $0 = credential }
    let end = credential.chain.first?.notValidAfter
    state.update { $0.ownCertificateEnd = end }
    if let end { core.metrics.ownCertificate(notAfter: end) }
  }
}

/// What the own certificate should be. Pure.
package struct OwnCertificatePlan: Sendable {
  /// Those of the configuration, then those under which its own machine reaches it.
  package let names: [SubjectName]
  private let configured: [SubjectName]
  private let lifetime: Duration
  private let issuer: Issuer

  package init(_ snapshot: OrchestratorCore.Snapshot) {
    configured = snapshot.configuration.names
    issuer = snapshot.authority.signing.issuer
    lifetime = snapshot.configuration.certificateLifetime
    names = Identity.names(commonName: nil, others: configured + Self.local)
  }

  static let local: [SubjectName] = ["localhost", "127.0.0.1", "::1"].compactMap(SubjectName.init(host:))

  /// Why a certificate doesn't do any more; nil where it does.
  package func reasonToRenew(_ credential: TLSCredential, at now: Date) -> String? {
    guard let leaf = credential.chain.first, leaf.publicKey == credential.key.publicKey else { return "it is unusable" }
    guard Array(credential.chain.dropFirst()) == issuer.intermediates else { return "another issuer signs" }
    guard issuer.certificate.publicKey.isValidSignature(leaf.signature, for: leaf) else {
      return "another issuer signs"
    }
    let carried = (try? leaf.extensions.subjectAlternativeNames)?.compactMap(SubjectName.init) ?? []
    let wanted = permitted
    guard Set(carried) == Set(wanted) else { return "its names changed" }
    // A clock that was set back, before a start: TLS would refuse to begin with it.
    guard leaf.notValidBefore <= now else { return "it is not valid yet" }
    let life = leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore)
    guard leaf.notValidAfter.timeIntervalSince(now) > life / 3 else { return "two thirds of its life are over" }
    return nil
  }

  /// When two thirds of its life are over, or up to a tenth of it earlier.
  package static func renewal(of leaf: Certificate, jitter: Double) -> Date {
    let life = leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore)
    return leaf.notValidBefore.addingTimeInterval(life * (2.0 / 3 - min(max(jitter, 0), 1) / 10))
  }

  /// Those of the names that the issuer may certify: its constraints may exclude the local ones.
  private var permitted: [SubjectName] {
    names.filter { name in configured.contains(name) || issuer.permits(name) }
  }

  /// - Throws: ``IssuanceError``, ``IdentityError``.
  func request(
    _ key: Certificate.PrivateKey, issuer: Issuer, at now: Date
  ) throws -> (request: AuthorizedRequest, der: [UInt8]) {
    let names = permitted
    let title = names.first?.text ?? "orchestrator"
    let identity = try Identity(
      commonName: title.unicodeScalars.count > 64 ? "orchestrator" : title, names: names)
    let request = try CertificateRequest(identity, key: key)
    // Our own certificate ends with its issuer at the latest.
    let remaining = Duration.seconds(Int64(issuer.certificate.notValidAfter.timeIntervalSince(now)))
    let grant = Grant(try VerifiedRequest(request), profile: .node, lifetime: min(lifetime, remaining))
    let authorized = try IssuancePolicy.unrestricted.authorize(grant, as: .service)
    var serializer = DER.Serializer()
    try serializer.serialize(request.signed)
    return (authorized, serializer.serializedBytes)
  }
}

/// Renews the own certificate when it is due, as long as the service runs.
struct OwnCertificateRenewal: Service {
  let own: OwnCertificate
  let logger: Logger
  let clock: @Sendable () -> Date
  /// Puts a new one into the listener.
  let publish: @Sendable (TLSCredential) async throws -> Void

  /// A failed renewal is tried again after this; a third of the life is left for it.
  private static let retry: Duration = .seconds(30)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let wait = own.renewal.map { $0.timeIntervalSince(clock()) } ?? 0
        // Now and then in any case: the clock may have been set.
        do { try await Task.sleep(for: .seconds(min(max(wait, 0.2), 60))) } catch { return }
        guard (own.renewal ?? .distantPast) <= clock() else { continue }
        await renew()
      }
    }
  }

  private func renew() async {
    do {
      if let new = try await own.renewIfDue() { try await publish(new) }
    } catch {
      logger.error("own certificate not renewed", metadata: ["error": "\(error.logged)"])
      try? await Task.sleep(for: Self.retry)
    }
  }
}
