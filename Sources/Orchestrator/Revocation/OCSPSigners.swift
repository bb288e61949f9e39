import Credentials
import Crypto
import Foundation
import Ledger
import Logging
import Synchronization
import X509

/// The responder of each issuer: a key in memory alone, and a certificate that lives shortly and is replaced in time.
final class OCSPSigners: Sendable {
  /// One issuer's.
  struct Responder: Sendable {
    var issuer: IssuerReference
    var signer: OCSPSigner
    var hashes: [IssuerHashes]
  }

  private struct State {
    var byHash: [IssuerHashes: Responder] = [:]
    var byKey: [[UInt8]: Responder] = [:]
    var retryAt = Date.distantPast
  }

  private let core: OrchestratorCore
  private let state = Mutex(State())

  init(core: OrchestratorCore) { self.core = core }

  func responder(for issuer: IssuerHashes) -> Responder? { state.withLock { $0.byHash[issuer] } }

  /// Issues what is missing or past half of its life, and forgets issuers that are gone.
  func renewDue() async {
    let now = core.clock()
    let retryAt = state.withLock { $0.retryAt }
    guard now >= retryAt || retryAt.timeIntervalSince(now) > Self.retryPause else { return }
    let snapshot = core.current
    let present = Set(snapshot.authority.issuers.map(\.reference.keyID))
    state.withLock { state in
      state.byKey = state.byKey.filter { present.contains($0.key) }
      state.byHash = state.byHash.filter { present.contains($0.value.issuer.keyID) }
    }
    for issuing in snapshot.authority.issuers where isDue(issuing, at: now) {
      do {
        try await renew(issuing, answers: snapshot.configuration.revocation.ocspLifetime, at: now)
      } catch {
        let reason = (error as? any ExplainedError)?.message ?? "\(error)"
        core.logger.error(
          "no certificate for OCSP answers could be issued",
          metadata: ["issuer": "\(issuing.reference.ordinal)", "error": "\(reason)"])
        state.withLock { $0.retryAt = now + Self.retryPause }
      }
    }
  }

  private static let retryPause: TimeInterval = 20
  /// Less isn't worth a certificate.
  private static let shortestLife: TimeInterval = 120

  private func isDue(_ issuing: LiveAuthority.Issuing, at now: Date) -> Bool {
    let end = issuing.issuer.certificate.notValidAfter
    guard end.timeIntervalSince(now) > Self.shortestLife else { return false }
    guard let known = state.withLock({ $0.byKey[issuing.reference.keyID] })?.signer.certificate else { return true }
    // Under another certificate of the same key, or when the clock was set back, the old one is of no use.
    guard known.issuer == issuing.issuer.certificate.subject, known.notValidBefore <= now else { return true }
    let life = known.notValidAfter.timeIntervalSince(known.notValidBefore)
    // Shortly before the issuer's own end a new one would gain nothing.
    return known.notValidAfter.timeIntervalSince(now) < life / 2 && end.timeIntervalSince(known.notValidAfter) > 3600
  }

  private func renew(_ issuing: LiveAuthority.Issuing, answers: Duration, at now: Date) async throws {
    let issuer = issuing.issuer
    // Long enough that an answer that is signed in its last days is valid for as long as any other.
    let wished = max(7 * 86_400, 4 * answers.seconds)
    let rest = issuer.certificate.notValidAfter.timeIntervalSince(now) - 1
    let lifetime = Duration.seconds(Int64(min(wished, rest)))
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    var random = SystemRandomNumberGenerator()
    let serial = SerialNumber.random(using: &random)
    let subject = try issuer.responderSubject()
    let validity = try issuer.validity(for: lifetime, at: now)
    let reservation = Reservation(
      serial: serial, issuer: issuing.reference, subject: "\(subject)", commonName: subject.commonName,
      organization: subject.organization, profile: "ocsp", keyAlgorithm: KeyKind.p256.rawValue,
      notBefore: validity.notBefore, notAfter: validity.notAfter, publicKeyHash: try Fingerprint(key.publicKey).bytes,
      requestedBy: "orchestrator", admission: Admission(kind: .service, rule: "ocsp"))
    let recorded = RecordedIssuing(issuer: issuer, reference: issuing.reference, log: core.ledger)
    let issued = try await recorded.recorded(reservation, at: now) {
      try issuer.issueResponder(key: key.publicKey, lifetime: lifetime, serial: serial, at: now)
    }
    let responder = Responder(
      issuer: issuing.reference, signer: try OCSPSigner(issued, key: key),
      hashes: IssuerHashes.all(of: issuer.certificate))
    state.withLock { state in
      state.byKey[issuing.reference.keyID] = responder
      for hash in responder.hashes { state.byHash[hash] = responder }
    }
    core.logger.info(
      "certificate for OCSP answers issued",
      metadata: [
        "issuer": "\(issuing.reference.ordinal)", "serial": "\(serial.hex)",
        "notAfter": "\(rfc3339(issued.certificate.notValidAfter))",
      ])
  }
}
