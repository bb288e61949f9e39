package import Credentials
package import Foundation
import Synchronization
import X509

/// Serials that are on the disk already, for a service that issues many certificates: one write for many serials, in
/// place of one for each.
///
/// Those that are left when the process ends are never used: a serial without a certificate harms nobody.
package final class SerialSupply: Sendable {
  /// The most serials that are taken at once.
  package static let mostInBlock = 256

  private struct State {
    var issuer: IssuerReference?
    var serials: [SerialNumber] = []
    var refill: Task<Void, any Error>?
  }

  private let block: Int
  private let generate: @Sendable (Int) -> [SerialNumber]
  private let state = Mutex(State())

  /// - Parameters:
  ///   - block: how many are taken at once.
  ///   - generate: makes that many random serials: from the edge.
  package init(block: Int = 128, generate: @escaping @Sendable (Int) -> [SerialNumber]) {
    self.block = max(2, min(block, Self.mostInBlock))
    self.generate = generate
  }

  /// The next serial of an issuer. When another issuer asks, what is left of the one before is given up.
  ///
  /// - Throws: ``LedgerError``.
  package func next(
    of issuer: IssuerReference, from log: any IssuanceLog, by actor: String, at now: Date
  ) async throws -> SerialNumber {
    while true {
      let (serial, refill) = state.withLock { state in
        if state.issuer != issuer { state = State(issuer: issuer) }
        let serial = state.serials.popLast()
        // The next block is on its way before this one is used up.
        if state.serials.count < block / 2, state.refill == nil {
          state.refill = Task { try await self.fill(of: issuer, from: log, by: actor, at: now) }
        }
        return (serial, state.refill)
      }
      if let serial { return serial }
      try await refill?.value
    }
  }

  private func fill(of issuer: IssuerReference, from log: any IssuanceLog, by actor: String, at now: Date) async throws
  {
    let serials = generate(block)
    let result: Result<Void, LedgerError>
    do throws(LedgerError) {
      result = .success(try await log.reserve(serials, of: issuer, by: actor, at: now))
    } catch {
      result = .failure(error)
    }
    state.withLock { state in
      guard state.issuer == issuer else { return }
      state.refill = nil
      if case .success = result { state.serials += serials }
    }
    try result.get()
  }
}
