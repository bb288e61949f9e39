import Foundation
import Glibc
import LinuxCalls

/// Runs a program that inherits three file descriptors and no more, and waits for its end.
///
/// Foundation's `Process` learns of that end by a socket that the program inherits, and so does everything that it
/// leaves behind and every other program that is started at the same moment: with a server among them, it never ends.
enum ChildProcess {
  /// The descriptors that become standard input, output and error.
  struct Streams {
    var input: Int32
    var output: Int32
    var errors: Int32
  }

  /// - Parameter arguments: the program, found on the PATH, and what it is given.
  /// - Returns: the exit status; 128 is added to the number of a signal, as shells do.
  static func run(
    _ arguments: [String], in directory: URL?, environment: [String: String], streams: Streams
  ) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in [streams.input, streams.output, streams.errors].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    // What other threads have open at this moment would stay open with the child: the end of a pipe, say.
    linux_spawn_close_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    restoreSignals(&attributes)

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var words = (["/bin/bash", "-c", shell, directory?.path ?? "."] + arguments).map { strdup($0) } + [nil]
    var entries = variables.map { strdup($0) } + [nil]
    defer { for item in words + entries { free(item) } }
    var id: pid_t = 0
    let failure = posix_spawn(&id, "/bin/bash", &actions, &attributes, &words, &entries)
    guard failure == 0 else { throw Tool.Failure(description: "\(arguments): \(String(cString: strerror(failure)))") }
    return status(of: id)
  }

  /// Closes what was inherited, and becomes the program.
  private static let shell = """
    cd "$0"
    for f in /proc/$$/fd/*; do n=${f##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
    exec "$@"
    """

  private static func restoreSignals(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }

  private static func status(of id: pid_t) -> Int32 {
    var raw: Int32 = 0
    var found: pid_t
    repeat { found = waitpid(id, &raw, 0) } while found < 0 && errno == EINTR
    guard found == id else { return -1 }
    let signal = raw & 0x7f
    return signal == 0 ? (raw >> 8) & 0xff : 128 + signal
  }
}
