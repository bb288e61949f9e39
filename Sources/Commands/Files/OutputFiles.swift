import Foundation
import Glibc

/// Files that appear together: all are written under temporary names and synced before the first gets its own name,
/// so that a full disk or a crash leaves what was there before.
struct OutputFiles: ~Copyable {
  enum Access: mode_t {
    case secret = 0o600
    case open = 0o644
  }

  private struct Staged {
    let temporary: String
    let path: String
    let isExclusive: Bool
  }

  private var staged: [Staged] = []
  private var madeFolders: [String] = []

  /// Writes and syncs a file under a temporary name in its own folder.
  /// - Parameter isExclusive: refuse to replace a file of that name, as for a private key.
  /// - Throws: ``FileFailure``; `EEXIST` where an exclusive file's name is taken.
  mutating func add(
    _ bytes: some Collection<UInt8>, path: String, access: Access, isExclusive: Bool = false
  ) throws(FileFailure) {
    if isExclusive, Self.exists(path) { throw FileFailure(.write, path, EEXIST) }
    let temporary = Self.temporaryName(for: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, access.rawValue)
    guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
    staged.append(Staged(temporary: temporary, path: path, isExclusive: isExclusive))
    defer { close(descriptor) }
    guard fchmod(descriptor, access.rawValue) == 0 else { throw FileFailure(.write, path, errno) }
    try Self.write(Array(bytes), to: descriptor, path: path)
    guard fsync(descriptor) == 0 else { throw FileFailure(.write, path, errno) }
  }

  /// Gives all files their names, in the order in which they were added, and syncs their folders.
  consuming func publish() throws(FileFailure) {
    var folders: [String] = []
    while !staged.isEmpty {
      let file = staged[0]
      // link refuses where the name was taken meanwhile; rename would replace it.
      let result = file.isExclusive ? link(file.temporary, file.path) : rename(file.temporary, file.path)
      guard result == 0 else { throw FileFailure(.write, file.path, errno) }
      if file.isExclusive { unlink(file.temporary) }
      staged.removeFirst()
      let folder = Self.folder(of: file.path)
      if !folders.contains(folder) { folders.append(folder) }
    }
    for folder in folders { try Self.syncFolder(folder) }
  }

  deinit {
    for file in staged { unlink(file.temporary) }
    // What was made for files that never came; a folder that holds anything stays.
    for folder in madeFolders { rmdir(folder) }
  }

  /// Whether there is anything of this name, be it a symbolic link to nowhere.
  static func exists(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path)) != nil
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// As ``makeFolder(_:holdsKeys:)``, and removes it again if nothing is put into it.
  mutating func makeFolder(_ path: String, holdsKeys: Bool) throws(FileFailure) {
    guard !path.isEmpty, !Self.exists(path) else { return }
    try Self.makeFolder(path, holdsKeys: holdsKeys)
    madeFolders.append(path)
  }

  /// Makes a folder and those above it; what is made here is closed to others where it will hold keys.
  static func makeFolder(_ path: String, holdsKeys: Bool) throws(FileFailure) {
    guard !path.isEmpty, !exists(path) else { return }
    try makeFolder(folder(of: path), holdsKeys: false)
    guard mkdir(path, holdsKeys ? 0o700 : 0o755) == 0 || errno == EEXIST else { throw FileFailure(.write, path, errno) }
  }

  private static func syncFolder(_ path: String) throws(FileFailure) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileFailure(.write, path, errno) }
  }

  private static func temporaryName(for path: String) -> String {
    let folder = folder(of: path)
    let name = path.split(separator: "/").last ?? "file"
    return "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: .min ... .max)).tmp"
  }
}

extension OutputFiles {
  static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileFailure) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(.write, path, count < 0 ? errno : EIO) }
      offset += count
    }
  }

  /// Writes one file.
  static func write(_ bytes: some Collection<UInt8>, path: String, access: Access = .open) throws(FileFailure) {
    var files = OutputFiles()
    try files.add(bytes, path: path, access: access)
    try files.publish()
  }
}
