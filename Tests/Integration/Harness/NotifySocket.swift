import Foundation
import Glibc
import PKITestKit

/// The service manager's end of sd_notify: a datagram socket that hears what a service says of itself.
final class NotifySocket: Sendable {
  /// For NOTIFY_SOCKET.
  let name: String
  private let descriptor: Int32

  /// - Parameter name: a path, or an abstract name that begins with @.
  init(_ name: String) throws {
    self.name = name
    var bytes = Array(name.utf8)
    let isAbstract = bytes.first == UInt8(ascii: "@")
    if isAbstract { bytes[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let length = socklen_t(2 + bytes.count + (isAbstract ? 0 : 1))
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard descriptor >= 0, status == 0 else { throw Tool.Failure(description: "can't bind \(name): \(errno)") }
  }

  deinit { close(descriptor) }

  /// The next message; nil when none comes in that time.
  func next(milliseconds: Int32) -> String? {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
