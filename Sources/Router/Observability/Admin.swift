import Foundation
import Synchronization

/// What answers on the admin socket: metrics, status, records of refusals, and a reload on demand.
package final class Admin: Sendable {
  private let workers: Mutex<[Worker]>
  private let records: HandshakeRecords
  private let reload: @Sendable () throws -> Void
  private let status: @Sendable () -> RouterStatus

  init(
    records: HandshakeRecords, status: @escaping @Sendable () -> RouterStatus,
    reload: @escaping @Sendable () throws -> Void
  ) {
    workers = Mutex([])
    self.records = records
    self.status = status
    self.reload = reload
  }

  func watch(_ workers: [Worker]) { self.workers.withLock { $0 = workers } }

  /// Answers now or later, on the transaction's worker.
  func answer(_ transaction: HTTPTransaction) {
    let path = String(transaction.request.path)
    let parts = path.split(separator: "/")
    switch (transaction.request.method, parts.first.map(String.init) ?? "", parts.count) {
    case ("GET", "healthz", 1): transaction.answer(200, "text/plain; charset=utf-8", Array("ok\n".utf8))
    case ("GET", "metrics", 1): answerMetrics(transaction)
    case ("GET", "status", 1): answer(transaction, status())
    case ("GET", "records", 1): answer(transaction, records.latest)
    case ("GET", "records", 2):
      guard let record = records.record(String(parts[1])) else { return transaction.refuse(404, "no such record") }
      answer(transaction, record)
    case ("POST", "reload", 1): answerReload(transaction)
    default: transaction.refuse(404, "there are /metrics, /status, /records, /records/ID, /healthz and POST /reload")
    }
  }

  private func answer(_ transaction: HTTPTransaction, _ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let body = try? encoder.encode(value) else { return transaction.refuse(500, "it can't be encoded") }
    transaction.answer(200, "application/json", Array(body) + [UInt8(ascii: "\n")])
  }

  private func answerReload(_ transaction: HTTPTransaction) {
    let worker = transaction.connection.worker
    let handle = Later(transaction)
    // It reads files, which may take its time.
    Thread.detachNewThread { [reload] in
      var found: String?
      do { try reload() } catch { found = RouterProblem(error).message }
      let problem = found
      worker.post { _ in
        guard let transaction = handle.transaction else { return }
        if let problem { transaction.refuse(409, problem) } else { transaction.answer(204, nil, []) }
      }
    }
  }

  /// Asks each worker for its counts, which belong to its thread.
  private func answerMetrics(_ transaction: HTTPTransaction) {
    let own = transaction.connection.worker
    let handle = Later(transaction)
    let workers = workers.withLock { $0 }
    let gathered = Gathering(count: workers.count)
    let status = status()
    for worker in workers {
      worker.post { worker in
        guard let all = gathered.add(WorkerReport(worker)) else { return }
        let text = RouterMetrics(reports: all, status: status).text
        own.post { _ in handle.transaction?.answer(200, RouterMetrics.contentType, Array(text.utf8)) }
      }
    }
  }
}

/// A transaction that is answered later: only touched on its worker's thread.
private final class Later: @unchecked Sendable {
  private(set) weak var transaction: HTTPTransaction?

  init(_ transaction: HTTPTransaction) { self.transaction = transaction }
}

private final class Gathering: Sendable {
  private let reports = Mutex<[WorkerReport]>([])
  private let count: Int

  init(count: Int) { self.count = count }

  /// - Returns: all of them, to whoever brings the last.
  func add(_ report: WorkerReport) -> [WorkerReport]? {
    reports.withLock { reports in
      reports.append(report)
      return reports.count == count ? reports : nil
    }
  }
}
