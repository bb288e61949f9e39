import Credentials
package import Foundation
import Ledger
import Logging
import ServiceLifecycle
import Synchronization
import X509

/// Keeps a fresh revocation list of every issuer at hand: at the start, when half of the last one's lifetime is over, and
/// at once after a revocation. Each is in the record before anybody sees it. Where one can't be made, the last one stays,
/// and it is tried again.
package final class CRLPublisher: Service {
  /// The list of one issuer, as it is served.
  package struct PublishedList: Sendable {
    /// See ``Distribution/name``.
    package let issuer: String
    package let ordinal: Int
    package let number: Int64
    package let thisUpdate: Date
    package let nextUpdate: Date
    package let document: PublishedDocument
    let publishedAt: Date
  }

  private struct State {
    var lists: [String: PublishedList] = [:]
    /// Issuers, by their keys, of which something was revoked that the list doesn't have yet.
    var outdated: Set<[UInt8]> = []
    var failures: [String: (count: Int, retryAt: Date)] = [:]
  }

  private let core: OrchestratorCore
  private let state = Mutex(State())

  package init(core: OrchestratorCore) {
    self.core = core
    core.revocations.onRevocation { [weak self] key in
      self?.state.withLock { _ = $0.outdated.insert(key.issuer) }
    }
  }

  package func list(of issuer: String) -> PublishedList? { state.withLock { $0.lists[issuer] } }

  /// All that are served now.
  package var lists: [PublishedList] { state.withLock { Array($0.lists.values) } }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        await publishDue()
        // A look at a flag and a clock: an outdated list is replaced within a second, whatever the clock does.
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// Makes the lists that are due. Called once before anybody is served, too.
  package func publishDue() async {
    let snapshot = core.current
    for (name, issuing) in issuers(of: snapshot.authority) where isDue(name, issuing, snapshot.configuration) {
      do {
        try await publish(name, issuing, lifetime: snapshot.configuration.revocation.crlLifetime)
      } catch {
        failed(name, issuing, error)
      }
    }
  }

  /// Makes every list anew, whether it is due or not.
  package func publishNow() async throws -> [PublishedList] {
    let snapshot = core.current
    for (name, issuing) in issuers(of: snapshot.authority) {
      try await publish(name, issuing, lifetime: snapshot.configuration.revocation.crlLifetime)
    }
    return lists.sorted { $0.ordinal < $1.ordinal }
  }

  /// By name; of two that share a key, the newer one. Those that have expired have nothing left to revoke.
  private func issuers(of authority: LiveAuthority) -> [(String, LiveAuthority.Issuing)] {
    let now = core.clock()
    var found: [String: LiveAuthority.Issuing] = [:]
    for issuing in authority.issuers where issuing.issuer.certificate.notValidAfter > now {
      guard let name = try? Distribution.name(of: issuing.issuer.certificate.publicKey) else { continue }
      found[name] = issuing
    }
    return found.sorted { $0.value.reference.ordinal < $1.value.reference.ordinal }
  }

  private func isDue(
    _ name: String, _ issuing: LiveAuthority.Issuing, _ configuration: OrchestratorConfiguration
  ) -> Bool {
    let now = core.clock()
    return state.withLock { state in
      if let failure = state.failures[name], now < failure.retryAt,
        failure.retryAt.timeIntervalSince(now) <= Self.longestRetry
      {
        return false
      }
      guard let list = state.lists[name] else { return true }
      let age = now.timeIntervalSince(list.publishedAt)
      // A clock that was set back makes the list one of the future.
      if now < list.thisUpdate || age >= configuration.revocation.crlLifetime.seconds / 2 { return true }
      return state.outdated.contains(issuing.reference.keyID) && (age >= Self.shortestInterval || age < 0)
    }
  }

  /// When much is revoked at once, one list has it all.
  private static let shortestInterval: TimeInterval = 2
  private static let longestRetry: TimeInterval = 30

  private func publish(_ name: String, _ issuing: LiveAuthority.Issuing, lifetime: Duration) async throws {
    let now = core.clock()
    // Taken before the ledger is read: what is revoked meanwhile makes the next list.
    state.withLock { _ = $0.outdated.remove(issuing.reference.keyID) }
    let list = RecordedRevocationList(issuer: issuing.issuer, reference: issuing.reference, log: core.ledger)
    // As with certificates: whose clock is a little behind takes the list at once. OpenSSL allows no difference.
    let second = now.timeIntervalSince1970.rounded(.down)
    let period = RecordedRevocationList.Period(
      from: Date(timeIntervalSince1970: second - notBeforeBackdating),
      to: Date(timeIntervalSince1970: second + max(60, lifetime.seconds.rounded(.down))))
    let (der, record) = try await list.sign(period, by: "orchestrator", at: now)
    let published = PublishedList(
      issuer: name, ordinal: issuing.reference.ordinal, number: record.number, thisUpdate: record.thisUpdate,
      nextUpdate: record.nextUpdate,
      document: PublishedDocument(der, lastModified: Date(timeIntervalSince1970: second), expires: record.nextUpdate),
      publishedAt: now)
    state.withLock { state in
      state.lists[name] = published
      state.failures[name] = nil
    }
    core.logger.info(
      "revocation list published",
      metadata: [
        "issuer": "\(issuing.reference.ordinal)", "number": "\(record.number)", "bytes": "\(der.count)",
        "nextUpdate": "\(rfc3339(record.nextUpdate))",
      ])
  }

  private func failed(_ name: String, _ issuing: LiveAuthority.Issuing, _ error: any Error) {
    let now = core.clock()
    let count = state.withLock { state in
      let count = min(30, (state.failures[name]?.count ?? 0) + 1)
      let pause = min(Self.longestRetry, Double(1 << min(count - 1, 5)))
      state.failures[name] = (count, now + pause)
      state.outdated.insert(issuing.reference.keyID)
      return count
    }
    let reason = (error as? any ExplainedError)?.message ?? "\(error)"
    core.logger.error(
      "no revocation list could be published", metadata: ["error": "\(reason)", "attempt": "\(count)"])
  }
}

extension Duration {
  var seconds: TimeInterval {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
