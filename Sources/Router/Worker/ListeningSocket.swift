import Glibc
internal import LinuxCalls

/// A socket of one worker, on which clients of one listener come.
final class ListeningSocket: PollTarget {
  let descriptor: Int32
  var listener: ListenerState
  private unowned let worker: Worker
  /// So many at once; then those who are connected already have their turn.
  private static let batch = 64

  init(_ descriptor: Int32, listener: ListenerState, worker: Worker) {
    self.descriptor = descriptor
    self.listener = listener
    self.worker = worker
  }

  deinit { close(descriptor) }

  override func ready(_ readiness: Poller.Readiness) {
    for _ in 0..<Self.batch {
      var address = sockaddr_storage()
      var length = UInt32(MemoryLayout<sockaddr_storage>.size)
      let accepted = linux_accept(descriptor, &address, &length)
      guard accepted >= 0 else {
        if errno == EMFILE || errno == ENFILE || errno == ENOMEM {
          worker.cannotAccept(SystemCallError("accept4"), on: self)
        }
        return
      }
      worker.accepted(accepted, from: SocketAddress(address, length: length), listener: listener)
    }
  }
}
