import CoreFoundation
import Glibc

/// Notices that files have changed, also when what a link leads to was exchanged, as Kubernetes does with mounted Secrets.
///
/// It looks at them once in a while and isn't told by the system, since what tells (inotify) follows neither links nor
/// network file systems. A file counts as changed once it has looked the same twice: whoever writes has finished then.
struct FileWatch {
  struct Appearance: Hashable {
    var device: UInt64
    var node: UInt64
    var size: Int64
    var changed: Int64
    var nanoseconds: Int64
  }

  private var inForce: [String: Appearance?] = [:]
  private var latest: [String: Appearance?] = [:]

  /// What is in force was made of these.
  /// - Parameter seen: how they looked before they were read; as they are now where it says nothing.
  mutating func reset(_ files: Set<String>, seen: [String: Appearance?] = [:]) {
    inForce = Self.look(files).merging(seen.filter { files.contains($0.key) }) { $1 }
    latest = inForce
  }

  /// - Returns: whether something else than what is in force lies there, and nobody writes it any more.
  mutating func hasChanged() -> Bool {
    let seen = Self.look(Set(inForce.keys))
    defer { latest = seen }
    return seen != inForce && seen == latest
  }

  static func look(_ files: Set<String>) -> [String: Appearance?] {
    var seen: [String: Appearance?] = [:]
    for file in files {
      var status = stat()
      guard stat(file, &status) == 0 else {
        seen[file] = .some(nil)
        continue
      }
      seen[file] = Appearance(
        device: UInt64(status.st_dev), node: UInt64(status.st_ino), size: Int64(status.st_size),
        changed: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }
    return seen
  }
}
