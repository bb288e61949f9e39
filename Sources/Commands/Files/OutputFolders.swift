import Foundation
import Glibc
import LinuxCalls

/// Folders that change as a whole: each is written beside the one that it replaces, and the two change places in one
/// step. A reader finds the old key with its old certificate, or the new ones.
struct OutputFolders: ~Copyable {
  struct File {
    /// Below the folder.
    var path: String
    var bytes: [UInt8]
    var mode: mode_t
  }

  private struct Staged {
    let temporary: String
    let path: String
  }

  private var staged: [Staged] = []

  /// Writes a folder under a temporary name. What else is in the present one, and isn't ours, comes along.
  /// - Parameter foreign: paths below the folder that are kept as they are.
  /// - Throws: ``FileFailure``.
  mutating func add(_ files: [File], path: String, foreign: [String] = []) throws(FileFailure) {
    let parent = OutputFiles.folder(of: path)
    try OutputFiles.makeFolder(parent, holdsKeys: false)
    let temporary = Self.temporaryName(for: path)
    let isClosed = files.contains { $0.mode & 0o077 == 0 }
    guard mkdir(temporary, isClosed ? 0o700 : 0o755) == 0 else { throw FileFailure(.write, path, errno) }
    staged.append(Staged(temporary: temporary, path: path))
    for file in files {
      let target = "\(temporary)/\(file.path)"
      try OutputFiles.makeFolder(OutputFiles.folder(of: target), holdsKeys: isClosed)
      try Self.write(file, to: target, for: "\(path)/\(file.path)")
    }
    for kept in foreign {
      let target = "\(temporary)/\(kept)"
      try OutputFiles.makeFolder(OutputFiles.folder(of: target), holdsKeys: isClosed)
      guard link("\(path)/\(kept)", target) == 0 else { throw FileFailure(.write, "\(path)/\(kept)", errno) }
    }
  }

  /// Puts all folders into their places, in the order in which they were added. All is on the disk before the first.
  consuming func publish() throws(FileFailure) {
    let parents = staged.map { OutputFiles.folder(of: $0.path) }
    for parent in Set(parents) { try Self.syncFileSystem(of: parent) }
    var replaced: [String] = []
    while let folder = staged.first {
      if try Self.exchange(folder.temporary, folder.path) { replaced.append(folder.temporary) }
      staged.removeFirst()
    }
    for parent in Set(parents) { try Self.syncFileSystem(of: parent) }
    for path in replaced { try? FileManager.default.removeItem(atPath: path) }
  }

  deinit {
    for folder in staged { try? FileManager.default.removeItem(atPath: folder.temporary) }
  }

  /// Removes what an interrupted run left behind: folders that never got their place, or lost it.
  static func removeLeftovers(in parent: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where isTemporary(name) {
      try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
    }
  }

  /// Whether a name is one of those that only this type makes.
  static func isTemporary(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(suffix) }

  private static let suffix = ".countersign-new"

  private static func temporaryName(for path: String) -> String {
    let name = path.split(separator: "/").last ?? "folder"
    return "\(OutputFiles.folder(of: path))/.\(name).\(getpid()).\(UInt32.random(in: .min ... .max))\(suffix)"
  }

  private static func write(_ file: File, to path: String, for shown: String) throws(FileFailure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode)
    guard descriptor >= 0 else { throw FileFailure(.write, shown, errno) }
    defer { close(descriptor) }
    guard fchmod(descriptor, file.mode) == 0 else { throw FileFailure(.write, shown, errno) }
    try OutputFiles.write(file.bytes, to: descriptor, path: shown)
  }

  /// - Returns: whether there was one before, which now has the temporary name.
  private static func exchange(_ new: String, _ path: String) throws(FileFailure) -> Bool {
    guard OutputFiles.exists(path) else {
      guard rename(new, path) == 0 else { throw FileFailure(.write, path, errno) }
      return false
    }
    if linux_exchange(new, path) == 0 { return true }
    guard errno == EINVAL || errno == ENOSYS else { throw FileFailure(.write, path, errno) }
    // A file system that can't exchange, such as NFS: for a moment there is none.
    let aside = temporaryName(for: path)
    guard rename(path, aside) == 0, rename(new, path) == 0 else { throw FileFailure(.write, path, errno) }
    try? FileManager.default.removeItem(atPath: aside)
    return false
  }

  /// One call for any number of files, instead of one for each.
  private static func syncFileSystem(of path: String) throws(FileFailure) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
    defer { close(descriptor) }
    guard linux_syncfs(descriptor) == 0 else { throw FileFailure(.write, path, errno) }
  }
}
