import Dispatch
import Foundation
import Glibc
import ServiceLifecycle

/// Tells the service manager how the service is (sd_notify): one datagram to the socket that it names.
package struct SystemdNotification: Sendable {
  private let socketPath: String?
  private let watchdog: Duration?

  package init(environment: [String: String]) {
    socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    watchdog = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { usec in
      isForUs && usec > 0 ? .microseconds(usec) : nil
    }
  }

  package func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
  package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)") }
  package func reloaded(_ status: String) { send("READY=1\nSTATUS=\(status)") }
  /// How often ``alive()`` has to be said; nil where nobody waits for it.
  package var interval: Duration? { socketPath == nil ? nil : watchdog.map { $0 / 2 } }
  package func alive() { send("WATCHDOG=1") }
  package func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  /// Says at half of the watchdog's interval that our threads still take turns.
  var watchdogService: (any Service)? {
    interval.map { Watchdog(interval: $0, notification: self) }
  }

  private struct Watchdog: Service {
    let interval: Duration
    let notification: SystemdNotification

    func run() async throws {
      while !Task.isCancelled {
        notification.alive()
        do { try await Task.sleep(for: interval) } catch { return }
        // A graceful end is bounded by its own deadline; until then the watchdog is kept quiet.
        if Task.isShuttingDownGracefully { break }
      }
    }
  }

  private static var monotonicMicroseconds: Int64 {
    // Of CLOCK_MONOTONIC, as the manager asks for it.
    Int64(clamping: DispatchTime.now().uptimeNanoseconds / 1000)
  }

  /// What the manager doesn't hear, it doesn't hear: nothing of the service depends on it.
  private func send(_ message: String) {
    guard let socketPath else { return }
    var name = Array(socketPath.utf8)
    // @ stands for the NUL byte with which an abstract name begins.
    let isAbstract = name.first == UInt8(ascii: "@")
    if isAbstract { name[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + name.count + (isAbstract ? 0 : 1) }
    guard let length else { return }
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        bytes.withUnsafeBytes {
          sendto(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), target, socklen_t(length))
        }
      }
    }
  }
}
