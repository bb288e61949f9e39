import Glibc
internal import LinuxCalls

/// Waits until something can be done on a socket: epoll(7), each change told once.
final class Poller {
  struct Interest: OptionSet {
    let rawValue: UInt32
    static let reading = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
    static let accepting = Interest(rawValue: EPOLLIN.rawValue)
    static let writing = Interest(rawValue: EPOLLOUT.rawValue)
    /// Where several wait for the same descriptor, one of them is told.
    static let exclusive = Interest(rawValue: EPOLLEXCLUSIVE.rawValue)
    /// Told once for each change, not as long as it lasts.
    static let changes = Interest(rawValue: EPOLLET.rawValue)
  }

  struct Readiness {
    let flags: UInt32
    let owner: UnsafeMutableRawPointer

    /// An error and a hang-up show when one reads or writes.
    var isReadable: Bool {
      flags & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
    }
    var isWritable: Bool { flags & (EPOLLOUT.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 }
  }

  private static let capacity = 256
  private let descriptor: Int32
  private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)

  init() throws(SystemCallError) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SystemCallError("epoll_create1") }
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
    events.deallocate()
  }

  /// - Parameter owner: is handed back with each readiness; closing the descriptor ends that.
  func add(_ watched: Int32, _ interest: Interest, owner: UnsafeMutableRawPointer) throws(SystemCallError) {
    var event = epoll_event(events: interest.rawValue, data: epoll_data_t(ptr: owner))
    guard epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) == 0 else { throw SystemCallError("epoll_ctl") }
  }

  func remove(_ watched: Int32) {
    var event = epoll_event()
    epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
  }

  /// - Parameter milliseconds: how long it waits for the first; -1 without end.
  func wait(_ milliseconds: Int32, _ body: (Readiness) -> Void) {
    let count = epoll_wait(descriptor, events, Int32(Self.capacity), milliseconds)
    guard count > 0 else { return }
    for index in 0..<Int(count) {
      guard let owner = events[index].data.ptr else { continue }
      body(Readiness(flags: events[index].events, owner: owner))
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
