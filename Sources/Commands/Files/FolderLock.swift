import Foundation
import Glibc

/// Keeps other processes of ours out of a folder until released; the kernel releases it, whatever ends the process.
struct FolderLock {
  private let descriptor: Int32

  /// Waits for whoever holds it.
  init(_ path: String) throws(FileFailure) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let code = errno
        close(descriptor)
        throw FileFailure(.write, path, code)
      }
    }
  }

  func release() { close(descriptor) }
}
