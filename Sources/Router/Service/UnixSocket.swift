import Glibc

/// Sockets with a name in the file system.
enum UnixSocket {
  /// - Parameter mode: who may connect.
  static func listen(_ path: String, mode: mode_t = 0o660) throws(SystemCallError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw SystemCallError("socket") }
    let address = SocketAddress(.unix(path))
    do throws(SystemCallError) {
      if address.withSystemAddress({ bind(descriptor, $0, $1) }) != 0 {
        guard errno == EADDRINUSE, isAbandoned(address) else { throw SystemCallError("bind") }
        unlink(path)
        guard address.withSystemAddress({ bind(descriptor, $0, $1) }) == 0 else { throw SystemCallError("bind") }
      }
      guard chmod(path, mode) == 0, Glibc.listen(descriptor, 4096) == 0 else { throw SystemCallError("listen") }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Left over by a program that was killed: nobody answers there.
  private static func isAbandoned(_ address: SocketAddress) -> Bool {
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { close(probe) }
    return address.withSystemAddress { connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
  }
}
