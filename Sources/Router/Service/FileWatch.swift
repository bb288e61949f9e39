internal import LinuxCalls

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
    /// Of owner, mode and names too: who couldn't read the file may be able to now.
    var statusChanged: Int64
  }

  /// By the file's path; nil where there is none.
  typealias Appearances = [String: Appearance?]

  private var inForce: Appearances = [:]
  private var latest: Appearances = [:]

  /// - Parameter seen: how the files looked before what is in force was read from them. A change that comes in the midst
  ///   of the reading is noticed then.
  mutating func reset(to seen: Appearances) {
    inForce = seen
    latest = seen
  }

  /// - Returns: whether something else than what is in force lies there, and nobody writes it any more.
  mutating func hasChanged() -> Bool {
    let seen = Self.look(Set(inForce.keys))
    defer { latest = seen }
    return seen != inForce && seen == latest
  }

  static func look(_ files: Set<String>) -> Appearances {
    var seen: Appearances = [:]
    for file in files {
      var found = linux_appearance()
      guard linux_look(file, &found) == 0 else {
        seen[file] = .some(nil)
        continue
      }
      seen[file] = Appearance(
        device: found.device, node: found.node, size: found.size, changed: found.changed,
        statusChanged: found.status_changed)
    }
    return seen
  }
}
