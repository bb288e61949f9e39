package import Enrolment
package import NIOPosix

/// Checks passwords away from the event loops, few at a time: each takes 32 MiB and a core for a tenth of a second.
package actor PasswordChecks {
  /// More wait than may.
  package struct Full: Error {}

  private let atOnce: Int
  private let mostWaiting: Int
  private let pool: NIOThreadPool
  private var running = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  /// How often scrypt has run.
  package private(set) var runs = 0

  package init(atOnce: Int = 2, mostWaiting: Int = 32, pool: NIOThreadPool = .singleton) {
    self.atOnce = max(1, atOnce)
    self.mostWaiting = mostWaiting
    self.pool = pool
  }

  /// - Throws: ``Full``; ``PasswordFileError/scryptFailed``.
  package func isRight(_ trial: PasswordTrial) async throws -> Bool {
    try await enter()
    defer { leave() }
    runs += 1
    return try await pool.runIfActive { try trial.isRight() }
  }

  private func enter() async throws(Full) {
    guard running >= atOnce else {
      running += 1
      return
    }
    guard waiting.count < mostWaiting else { throw Full() }
    // Whoever leaves hands its place on, so that `running` doesn't change.
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
  }
}
