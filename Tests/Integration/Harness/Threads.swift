import Foundation

/// Runs what waits for other programs, and for long, on a thread of its own: the pool's are few, and other tests in this
/// process need them.
@discardableResult
func onItsOwnThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}
