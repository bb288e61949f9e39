import Synchronization

/// The connections of one listener, each served by a task of its own once its handshake is completed.
///
/// They are no child tasks of the listener: a task group takes time in proportion to its children for each that ends, and
/// ten thousand who only connect would have one each. The listener waits for all of them by one task that keeps watch.
final class OpenConnections: Sendable {
  fileprivate struct State {
    var count = 0
    var isWatched = false
    var watcher: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func opened() { state.withLock { $0.count += 1 } }

  func closed() {
    let watcher = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.count -= 1
      guard state.count == 0 else { return nil }
      return state.endWatch()
    }
    watcher?.resume()
  }

  /// Returns when no connection is open, or at once where another task waits for that already.
  func watch() async {
    let isFirst = state.withLock { state in
      guard !state.isWatched, state.count > 0 else { return false }
      state.isWatched = true
      return true
    }
    guard isFirst else { return }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // The last one may have gone since, or the task was cancelled: then nobody is watched for any more.
          guard state.isWatched else { return true }
          state.watcher = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.endWatch() }?.resume()
    }
  }
}

extension OpenConnections.State {
  fileprivate mutating func endWatch() -> CheckedContinuation<Void, Never>? {
    isWatched = false
    defer { watcher = nil }
    return watcher
  }
}
