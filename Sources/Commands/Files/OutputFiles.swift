import CoreFoundation
import Foundation
import Glibc
import LinuxCalls

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
    let descriptor: Int32
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
    Self.removeLeftovers(of: path)
    let (temporary, descriptor) = try Self.create(for: path, access)
    staged.append(Staged(temporary: temporary, path: path, descriptor: descriptor, isExclusive: isExclusive))
    guard fchmod(descriptor, access.rawValue) == 0 else { throw FileFailure(.write, path, errno) }
    try Self.write(Array(bytes), to: descriptor, path: path)
    guard fsync(descriptor) == 0 else { throw FileFailure(.write, path, errno) }
  }

  /// Gives all files their names, in the order in which they were added, and syncs their folders.
  consuming func publish() throws(FileFailure) {
    var folders: [String] = []
    while !staged.isEmpty {
      let file = staged[0]
      let result = file.isExclusive ? Self.renameNew(file.temporary, file.path) : rename(file.temporary, file.path)
      guard result == 0 else { throw FileFailure(.write, file.path, errno) }
      close(file.descriptor)
      staged.removeFirst()
      let folder = Self.folder(of: file.path)
      if !folders.contains(folder) { folders.append(folder) }
    }
    for folder in folders { try Self.syncFolder(folder) }
  }

  deinit {
    for file in staged {
      unlink(file.temporary)
      close(file.descriptor)
    }
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

  static func syncFolder(_ path: String) throws(FileFailure) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileFailure(.write, path, errno) }
  }

  /// Makes a temporary file, and locks it until it has its name: whatever ends this process, the lock then tells a
  /// leftover from work. Before it is locked another process may take it for a leftover and remove it.
  private static func create(for path: String, _ access: Access) throws(FileFailure) -> (String, Int32) {
    while true {
      let temporary = temporaryName(for: path)
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, access.rawValue)
      guard descriptor >= 0 else { throw FileFailure(.write, path, errno) }
      var facts = stat()
      guard flock(descriptor, LOCK_EX) == 0, fstat(descriptor, &facts) == 0 else {
        let failure = FileFailure(.write, path, errno)
        unlink(temporary)
        close(descriptor)
        throw failure
      }
      if facts.st_nlink > 0 { return (temporary, descriptor) }
      close(descriptor)
    }
  }

  /// Refuses where the name was taken meanwhile.
  private static func renameNew(_ from: String, _ to: String) -> Int32 {
    if linux_rename_new(from, to) == 0 { return 0 }
    guard errno == EINVAL || errno == ENOSYS, link(from, to) == 0 else { return -1 }
    unlink(from)
    return 0
  }

  private static func temporaryName(for path: String) -> String {
    "\(folder(of: path))/\(temporaryPrefix(for: path))\(getpid()).\(UInt32.random(in: .min ... .max)).tmp"
  }

  private static func temporaryPrefix(for path: String) -> String { ".\(path.split(separator: "/").last ?? "file")." }

  /// Removes what processes that were killed left of this file: a key may be in it.
  private static func removeLeftovers(of path: String) {
    let (folder, prefix) = (folder(of: path), temporaryPrefix(for: path))
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(".tmp")
      && name.dropFirst(prefix.count).dropLast(4).allSatisfy({ $0 == "." || $0.isNumber })
    {
      let descriptor = open("\(folder)/\(name)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(folder)/\(name)") }
      close(descriptor)
    }
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
