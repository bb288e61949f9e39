import Dispatch
import Foundation
import Glibc
import Synchronization

/// What has to go when somebody stops the demonstration half-way: the programs that it started, each of which has a
/// process group of its own and would live on, and the folder.
final class QuickstartInterruption: Sendable {
  private struct Leftovers {
    /// Each leads a process group.
    var processes: [pid_t] = []
    var isEnding = false
    var folder: String?
  }

  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  private let leftovers = Mutex(Leftovers())

  /// - Parameter folder: what is removed; nil where it is to be kept.
  init(folder: String?) {
    leftovers.withLock { $0.folder = folder }
  }

  func add(_ process: Process) { leftovers.withLock { $0.processes.append(process.processIdentifier) } }

  /// It has ended: its number may belong to another one soon.
  func remove(_ process: Process) {
    leftovers.withLock { $0.processes.removeAll { $0 == process.processIdentifier } }
  }

  /// Doesn't return once the end has begun: what failed then failed because of it, and is nothing to report.
  func waitForEnd() {
    while leftovers.withLock({ $0.isEnding }) { pause() }
  }

  /// - Returns: what watches, for as long as it is kept.
  func watch() -> [any DispatchSourceSignal] {
    Self.signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in end(number) }
      source.resume()
      return source
    }
  }

  /// Cleans up, and ends as the signal would have ended it.
  private func end(_ number: Int32) {
    let leftovers = leftovers.withLock { leftovers -> Leftovers? in
      defer { leftovers.isEnding = true }
      return leftovers.isEnding ? nil : leftovers
    }
    guard let leftovers else { return }
    for process in leftovers.processes { kill(-process, SIGTERM) }
    for process in leftovers.processes where !Self.ends(process) { kill(-process, SIGKILL) }
    for _ in 0..<20 {
      guard let folder = leftovers.folder, OutputFiles.exists(folder) else { break }
      try? FileManager.default.removeItem(atPath: folder)
    }
    signal(number, SIG_DFL)
    kill(getpid(), number)
  }

  /// Whether a group ends within ten seconds; whoever else waits for its leader may be faster.
  private static func ends(_ leader: pid_t) -> Bool {
    var status: Int32 = 0
    for _ in 0..<400 {
      _ = waitpid(leader, &status, WNOHANG)
      if kill(-leader, 0) != 0 { return true }
      usleep(25_000)
    }
    return false
  }
}
