import NIOCore
import Synchronization

/// Runs the tasks of an event loop's connections on that loop.
///
/// From the bytes of a request to those of its answer nothing then changes the thread but the ledger, and a change costs
/// as much as a signature. What takes longer than a few signatures doesn't belong on the loop: ``awayFromEventLoop(_:)``.
final class EventLoopExecutor: TaskExecutor {
  private struct Waiting {
    var jobs: [UnownedJob] = []
    var isScheduled = false
  }

  private let loop: any EventLoop
  private let waiting = Mutex(Waiting())

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // A batch of the ledger wakes many tasks at once: the loop is told of them once.
    let isFirst = waiting.withLock { waiting in
      waiting.jobs.append(job)
      defer { waiting.isScheduled = true }
      return !waiting.isScheduled
    }
    if isFirst { loop.execute { self.run() } }
  }

  private func run() {
    let jobs = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting.jobs
    }
    for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}

/// Runs what may take long where it keeps no other connection waiting.
func awayFromEventLoop<T>(_ body: () async throws -> T) async rethrows -> T {
  try await withTaskExecutorPreference(globalConcurrentExecutor, operation: body)
}
