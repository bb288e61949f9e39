package import Foundation
import Glibc
import LinuxCalls

/// A program that runs beside a test. It is ended, by its process ID, with its owner.
///
/// Foundation's Process won't do: it learns of an exit by a socket that other programs, started meanwhile, inherit.
package final class BackgroundProcess: Sendable {
  package let pid: pid_t
  /// The write end of its standard input, kept open because some servers end with their input.
  private let input: Int32
  private let log: URL
  private let ending: Int32
  private let status = Status()

  private final class Status: @unchecked Sendable {
    private let lock = NSLock()
    private var code: Int32?

    func reaped(_ reap: () -> Int32?) -> Int32? {
      lock.withLock {
        if code == nil { code = reap() }
        return code
      }
    }
  }

  /// - Parameters:
  ///   - arguments: the program, found on the PATH, and what it is given.
  ///   - log: gets what it prints, on both streams.
  ///   - ending: the signal that ends it.
  package init(_ arguments: [String], in directory: String, log: URL, ending: Int32 = SIGTERM) throws {
    self.log = log
    self.ending = ending
    (pid, input) = try Self.spawn(arguments, in: directory, log: log.path)
  }

  deinit {
    close(input)
    if isRunning { kill(pid, ending) }
    for _ in 0..<250 where isRunning { Thread.sleep(forTimeInterval: 0.02) }
    if isRunning {
      kill(pid, SIGKILL)
      _ = waitForExit(seconds: 5)
    }
  }

  /// What it printed so far.
  package var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  package var isRunning: Bool { exitStatus == nil }

  package func send(_ signal: Int32) { if isRunning { kill(pid, signal) } }

  /// The exit status once it has ended; 128 is added to the number of a signal, as shells do. Nil after that time.
  package func waitForExit(seconds: Double) -> Int32? {
    let end = Date().addingTimeInterval(seconds)
    while exitStatus == nil, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
    return exitStatus
  }

  private var exitStatus: Int32? {
    status.reaped {
      var raw: Int32 = 0
      guard waitpid(pid, &raw, WNOHANG) != 0 else { return nil }
      let signal = raw & 0x7f
      return signal == 0 ? (raw >> 8) & 0xff : 128 + signal
    }
  }

  private static func spawn(_ arguments: [String], in directory: String, log: String) throws -> (pid_t, Int32) {
    var pipe: [Int32] = [0, 0]
    guard Glibc.pipe(&pipe) == 0 else { throw Tool.Failure(description: "no pipe") }
    _ = fcntl(pipe[1], F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipe[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    linux_spawn_close_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // The shell closes what was inherited, and becomes the program.
    let shell = """
      cd "$0"
      for f in /proc/$$/fd/*; do n=${f##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
      exec "$@"
      """
    let arguments = ["/bin/bash", "-c", shell, directory] + arguments
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let status = posix_spawn(&pid, arguments[0], &actions, &attributes, &words, environ)
    close(pipe[0])
    guard status == 0 else { throw Tool.Failure(description: "can't start \(arguments): \(status)") }
    return (pid, pipe[1])
  }
}
