import Foundation
import GRDB
import Ledger
import Synchronization

/// Puts the work of callers that wait at the same time into one transaction, so that they share one sync of the disk.
///
/// A refusal (a ``LedgerError``) concerns only its caller; where it comes after something was written, the batch is
/// undone and its work done again one by one. A failure of the database undoes the whole batch, and every caller of it
/// learns of it.
///
/// A service paces its transactions: while many wait, the next one begins a few milliseconds after the one before, and not
/// as soon as that has ended. Each transaction writes the ends of all tables and indexes anew, whatever it holds. Who
/// comes alone doesn't wait.
///
/// A lock and no actor: callers and the connection's queue meet here for each certificate, and a change of threads costs
/// more than what is done under the lock.
final class GroupCommit: Sendable {
  private struct Job: Sendable {
    var work: @Sendable (ChainWriter) throws -> any Sendable
    var continuation: CheckedContinuation<any Sendable, any Error>
  }

  private struct Waiting {
    var jobs: [Job] = []
    var isWriting = false
    /// Of the latest transaction.
    var begin: ContinuousClock.Instant?
  }

  private typealias Outcome = Result<any Sendable, LedgerError>

  /// Bounds the time that another process waits for the lock.
  private static let mostInBatch = 256

  private let database: DatabaseQueue
  private let path: String
  private let pace: Duration
  private let waiting = Mutex(Waiting())

  /// - Parameter pace: the least time from the beginning of one transaction to that of the next.
  init(database: DatabaseQueue, path: String, pace: Duration = .zero) {
    self.database = database
    self.path = path
    self.pace = pace
  }

  /// Runs the work in a transaction and returns when it is on the disk.
  func perform<T: Sendable>(
    _ work: @escaping @Sendable (ChainWriter) throws -> T
  ) async throws(LedgerError) -> T {
    do {
      let value = try await withCheckedThrowingContinuation { continuation in
        let isFirst = waiting.withLock { waiting in
          waiting.jobs.append(Job(work: work, continuation: continuation))
          defer { waiting.isWriting = true }
          return !waiting.isWriting
        }
        if isFirst { writeNext() }
      }
      guard let value = value as? T else { throw LedgerError.failed(path: path, detail: "a result of another type") }
      return value
    } catch {
      throw .of(error, at: path)
    }
  }

  /// One batch on the connection's queue, in turn with those who read there; then the next, as long as somebody waits.
  private func writeNext() {
    database.asyncWriteWithoutTransaction { [self] db in
      keepPace()
      let batch = waiting.withLock { waiting in
        let batch = Array(waiting.jobs.prefix(Self.mostInBatch))
        waiting.jobs.removeFirst(batch.count)
        return batch
      }
      let outcomes = write(batch, db)
      for (job, outcome) in zip(batch, outcomes) { job.continuation.resume(with: outcome.mapError { $0 }) }
      let isMore = waiting.withLock { waiting in
        waiting.isWriting = !waiting.jobs.isEmpty
        return waiting.isWriting
      }
      if isMore { writeNext() }
    }
  }

  private func keepPace() {
    guard pace > .zero else { return }
    let begin = waiting.withLock { $0.begin }
    if let left = begin.map({ pace - $0.duration(to: .now) }), left > .zero {
      Thread.sleep(forTimeInterval: Double(left.components.attoseconds) / 1e18 + Double(left.components.seconds))
    }
    waiting.withLock { $0.begin = .now }
  }

  private func write(_ batch: [Job], _ db: Database) -> [Outcome] {
    do {
      if let outcomes = try Self.writeTogether(batch, db) { return outcomes }
      return try batch.map { job in
        try Self.writeTogether([job], db)?.first ?? .failure(.failed(path: path, detail: "nothing was written"))
      }
    } catch {
      return batch.map { _ in .failure(.of(error, at: path)) }
    }
  }

  /// - Returns: nil where a refusal came too late, and all was undone.
  private static func writeTogether(_ batch: [Job], _ db: Database) throws -> [Outcome]? {
    var outcomes: [Outcome] = []
    var isSpoilt = false
    try db.inTransaction(.immediate) {
      let chain = try ChainWriter(db)
      for job in batch {
        chain.hasWritten = false
        do {
          outcomes.append(.success(try job.work(chain)))
        } catch let refusal as LedgerError {
          outcomes.append(.failure(refusal))
          isSpoilt = chain.hasWritten
          if isSpoilt { return .rollback }
        }
      }
      return .commit
    }
    return isSpoilt && batch.count > 1 ? nil : outcomes
  }
}
