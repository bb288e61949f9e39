import Glibc
internal import LinuxCalls

/// Waits until something can be done on a socket: epoll(7).
final class Poller {
  struct Interest: OptionSet {
    let rawValue: UInt32
    static let reading = Interest(rawValue: linux_poll_in | linux_poll_read_hangup)
    static let accepting = Interest(rawValue: linux_poll_in)
    static let writing = Interest(rawValue: linux_poll_out)
    /// Where several wait for the same descriptor, one of them is told.
    static let exclusive = Interest(rawValue: linux_poll_exclusive)
    /// Told once for each change, not as long as it lasts.
    static let changes = Interest(rawValue: linux_poll_edge)
  }

  struct Readiness {
    let flags: UInt32
    let owner: UnsafeMutableRawPointer

    /// An error and a hang-up show when one reads or writes.
    var isReadable: Bool {
      flags & (linux_poll_in | linux_poll_read_hangup | linux_poll_error | linux_poll_hangup) != 0
    }
    var isHungUp: Bool { flags & (linux_poll_read_hangup | linux_poll_error | linux_poll_hangup) != 0 }
    var isWritable: Bool { flags & (linux_poll_out | linux_poll_error | linux_poll_hangup) != 0 }
  }

  private static let capacity = 256
  private let descriptor: Int32
  private let found = UnsafeMutablePointer<linux_readiness>.allocate(capacity: capacity)

  init() throws(SystemCallError) {
    descriptor = linux_poller()
    guard descriptor >= 0 else { throw SystemCallError("epoll_create1") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    found.deallocate()
  }

  /// - Parameter owner: is handed back with each readiness; closing the descriptor ends that.
  func add(_ watched: Int32, _ interest: Interest, owner: UnsafeMutableRawPointer) throws(SystemCallError) {
    guard linux_poller_add(descriptor, watched, interest.rawValue, owner) == 0 else {
      throw SystemCallError("epoll_ctl")
    }
  }

  func remove(_ watched: Int32) { _ = linux_poller_remove(descriptor, watched) }

  /// - Parameter milliseconds: how long it waits for the first; -1 without end.
  /// - Returns: how many were found.
  func wait(_ milliseconds: Int32) -> Int {
    max(0, Int(linux_poller_wait(descriptor, found, Int32(Self.capacity), milliseconds)))
  }

  func forEach(_ count: Int, _ body: (Readiness) -> Void) {
    for index in 0..<min(count, Self.capacity) {
      guard let owner = found[index].owner else { continue }
      body(Readiness(flags: found[index].flags, owner: owner))
    }
  }
}

/// A system call that failed, and errno's word for it.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  package let call: String
  package let number: Int32

  package init(_ call: String, number: Int32 = errno) {
    self.call = call
    self.number = number
  }

  package var description: String { "\(call): \(String(cString: strerror(number)))" }
}
