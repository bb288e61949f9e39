import GRDB
import Ledger

/// Puts the work of callers that wait at the same time into one transaction, so that they share one sync of the disk.
///
/// A refusal (a ``LedgerError``) concerns only its caller; where it comes after something was written, the batch is
/// undone and its work done again one by one. A failure of the database undoes the whole batch, and every caller of it
/// learns of it.
actor GroupCommit {
  private struct Job: Sendable {
    var work: @Sendable (ChainWriter) throws -> any Sendable
    var continuation: CheckedContinuation<any Sendable, any Error>
  }

  private typealias Outcome = Result<any Sendable, LedgerError>

  /// Bounds the time that another process waits for the lock.
  private static let mostInBatch = 256

  private let database: DatabaseQueue
  private let path: String
  private var waiting: [Job] = []
  private var isWriting = false

  init(database: DatabaseQueue, path: String) {
    self.database = database
    self.path = path
  }

  /// Runs the work in a transaction and returns when it is on the disk.
  func perform<T: Sendable>(
    _ work: @escaping @Sendable (ChainWriter) throws -> T
  ) async throws(LedgerError) -> T {
    do {
      let value = try await withCheckedThrowingContinuation { continuation in
        waiting.append(Job(work: work, continuation: continuation))
        if !isWriting {
          isWriting = true
          Task { await self.drain() }
        }
      }
      guard let value = value as? T else { throw LedgerError.failed(path: path, detail: "a result of another type") }
      return value
    } catch {
      throw .of(error, at: path)
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(Self.mostInBatch))
      waiting.removeFirst(batch.count)
      let outcomes = await write(batch)
      for (job, outcome) in zip(batch, outcomes) { job.continuation.resume(with: outcome.mapError { $0 }) }
      // The callers just resumed often have more to write: let them join the next batch.
      await Task.yield()
    }
    isWriting = false
  }

  private func write(_ batch: [Job]) async -> [Outcome] {
    do {
      return try await database.writeWithoutTransaction { db in
        if let outcomes = try Self.writeTogether(batch, db) { return outcomes }
        return try batch.map { job in
          try Self.writeTogether([job], db)?.first ?? .failure(.failed(path: "", detail: "nothing was written"))
        }
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
