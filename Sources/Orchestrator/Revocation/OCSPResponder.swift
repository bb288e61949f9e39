import Credentials
import Foundation
import Ledger
import Logging
import ServiceLifecycle
import Synchronization
import X509

/// Answers whether certificates are revoked (RFC 6960), from answers that are signed already where it can.
package final class OCSPResponder: Service {
  /// An answer, ready to be sent.
  package struct Reply: Sendable {
    package var document: PublishedDocument
    /// Whether the same bytes may go to others who ask the same.
    package var isCacheable: Bool
    /// good, revoked, unknown, several, or the name of an ``OCSPFailure``.
    package var status: String
    package var isFromCache = false
    /// Whether it is a definitive answer, which is signed, and no error.
    package var isSigned = true
  }

  private let core: OrchestratorCore
  private let signers: OCSPSigners
  private let cache: OCSPCache
  private let underWay = Mutex(0)
  private let mostUnderWay: Int

  /// - Parameters:
  ///   - cached: how many signed answers are kept.
  ///   - mostUnderWay: how many questions may wait for a signature; all beyond are told to try later.
  package init(core: OrchestratorCore, cached: Int = 50_000, mostUnderWay: Int = 512) {
    self.core = core
    self.mostUnderWay = mostUnderWay
    signers = OCSPSigners(core: core)
    cache = OCSPCache(limit: cached, revocations: core.revocations)
  }

  /// Makes the responders' certificates. Called once before anybody is served, and from time to time afterwards.
  package func renewDue() async { await signers.renewDue() }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        await renewDue()
        try? await Task.sleep(for: .seconds(5))
      }
    }
  }

  /// Answers one request, DER. Never fails: what can't be answered is answered with the reason.
  package func reply(to request: [UInt8]) async -> Reply {
    guard let question = try? OCSPRequest(der: request) else { return failure(.malformedRequest) }
    let now = core.clock()
    if question.certificates.count == 1, question.nonce == nil, let id = question.certificates.first,
      let entry = cache.entry(id.encoded, at: now)
    {
      return Reply(document: entry.document, isCacheable: true, status: entry.status, isFromCache: true)
    }
    guard begin() else { return failure(.tryLater) }
    defer { underWay.withLock { $0 -= 1 } }
    do {
      return try await signed(question, at: now)
    } catch {
      let reason = (error as? any ExplainedError)?.message ?? "\(error)"
      core.logger.error("an OCSP request can't be answered", metadata: ["error": "\(reason)"])
      return failure(error is LedgerError ? .tryLater : .internalError)
    }
  }

  private func begin() -> Bool {
    underWay.withLock { count in
      guard count < mostUnderWay else { return false }
      count += 1
      return true
    }
  }

  private func failure(_ failure: OCSPFailure) -> Reply {
    let now = core.clock()
    return Reply(
      document: PublishedDocument(failure.der, lastModified: now, expires: now), isCacheable: false,
      status: "\(failure)", isSigned: false)
  }

  private func signed(_ question: OCSPRequest, at now: Date) async throws -> Reply {
    // One signature vouches for one issuer's certificates (RFC 6960 §4.2.2.2); those of others are unknown to it.
    guard let responder = question.certificates.lazy.compactMap(responder).first else { return failure(.unauthorized) }
    let second = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
    let end = responder.signer.certificate.notValidAfter
    guard end > second else { return failure(.tryLater) }
    // As with certificates: whose clock is a little behind takes the answer at once.
    let backdated = second - notBeforeBackdating
    let nextUpdate = min(second + core.current.configuration.revocation.ocspLifetime.seconds.rounded(.down), end)
    var answers: [OCSPAnswer] = []
    for id in question.certificates {
      let status = self.responder(id)?.issuer == responder.issuer ? try await status(of: id, by: responder) : .unknown
      let thisUpdate = Self.thisUpdate(of: status, backdated: backdated, at: second)
      answers.append(OCSPAnswer(id: id, status: status, thisUpdate: thisUpdate, nextUpdate: nextUpdate))
    }
    let der = try responder.signer.response(answers, nonce: question.nonce, at: second)
    let document = PublishedDocument(der, lastModified: second, expires: nextUpdate)
    let word = answers.count == 1 ? answers.first?.status.word ?? "" : "several"
    guard answers.count == 1, question.nonce == nil, let answer = answers.first, let serial = answer.id.serial else {
      return Reply(document: document, isCacheable: false, status: word)
    }
    // What isn't known isn't kept: strangers could fill the cache with serial numbers that they make up.
    if answer.status != .unknown {
      let entry = OCSPCache.Entry(
        document: document, thisUpdate: answer.thisUpdate, renewal: second + nextUpdate.timeIntervalSince(second) / 2,
        status: word, certificate: .init(serial, of: responder.issuer))
      cache.keep(entry, for: answer.id.encoded, isGood: answer.status == .good)
    }
    return Reply(document: document, isCacheable: answer.status != .unknown, status: word)
  }

  /// Since when a status is right (RFC 6960 §2.4): no certificate is revoked before its revocation, however far answers
  /// are back-dated. After a clock was set back a revocation may lie in the future; an answer may not.
  private static func thisUpdate(of status: OCSPStatus, backdated: Date, at now: Date) -> Date {
    guard case .revoked(let date, _) = status else { return backdated }
    return min(max(backdated, date), now)
  }

  private func responder(_ id: CertificateID) -> OCSPSigners.Responder? { id.issuer.flatMap(signers.responder) }

  /// A serial that was reserved and never issued is as unknown as one that nobody ever thought of.
  private func status(of id: CertificateID, by responder: OCSPSigners.Responder) async throws(LedgerError)
    -> OCSPStatus
  {
    guard let serial = id.serial, serial.magnitude.count <= SerialNumber.longest else { return .unknown }
    let record = try await core.ledger.records(of: serial).first {
      $0.reservation.issuer.keyID == responder.issuer.keyID
    }
    guard let record, record.issuance != nil else { return .unknown }
    guard let revocation = record.revocation else { return .good }
    return .revoked(at: revocation.at, reason: RevocationReason(revocation.reason))
  }
}

extension OCSPStatus {
  var word: String {
    switch self {
    case .good: "good"
    case .revoked: "revoked"
    case .unknown: "unknown"
    }
  }
}
