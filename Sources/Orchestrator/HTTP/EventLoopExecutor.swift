import NIOCore

/// Runs the tasks of a connection on its event loop.
///
/// From the bytes of a request to those of its answer nothing then changes the thread but the ledger, and a change costs
/// as much as a signature. What takes longer than a few signatures doesn't belong on the loop: ``awayFromEventLoop(_:)``.
final class EventLoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Runs what may take long where it keeps no other connection waiting.
func awayFromEventLoop<T>(_ body: () async throws -> T) async rethrows -> T {
  try await withTaskExecutorPreference(globalConcurrentExecutor, operation: body)
}
