import Foundation
import Ledger
import LinuxCalls

/// The few file operations that SQLite leaves to us.
enum Files {
  static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// 0 where there is no such file; the largest number where its size can't be told.
  static func size(_ path: String) -> Int {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT ? 0 : .max }
    defer { close(descriptor) }
    return Int(max(0, lseek(descriptor, 0, SEEK_END)))
  }

  /// Makes an empty file with mode 0600; SQLite gives the same mode to the files that it puts beside it.
  static func createPrivate(_ path: String) throws(LedgerError) {
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .ofSystem(errno, at: path) }
    close(descriptor)
  }

  /// Holds the folder of a new ledger for its making: whatever temporary name is in it then was left by a process
  /// that was killed, and goes.
  static func lockingFolder(of path: String, _ body: () throws(LedgerError) -> Void) throws(LedgerError) {
    let folder = folder(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // Without a folder the making of the file says what is wrong.
    guard descriptor >= 0 else { return try body() }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    let prefix = "\((path as NSString).lastPathComponent).new-"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
      unlink("\(folder)/\(name)")
    }
    try body()
  }

  /// A name in the same folder that nobody else uses.
  static func temporaryName(for path: String) -> String { "\(path).new-\(UUID().uuidString.prefix(8))" }

  static func sync(_ path: String) throws(LedgerError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .ofSystem(errno, at: path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .ofSystem(errno, at: path) }
  }

  /// Gives a finished file its name; never over another file.
  static func publish(_ temporary: String, as path: String) throws(LedgerError) {
    try sync(temporary)
    if linux_rename_new(temporary, path) != 0 {
      guard errno == EINVAL || errno == ENOSYS else { throw .ofSystem(errno, at: path) }
      // A file system that can't refuse by itself.
      guard !exists(path) else { throw .exists(path: path) }
      try rename(temporary, to: path)
    }
    try sync(folder(of: path))
  }

  static func rename(_ from: String, to path: String) throws(LedgerError) {
    guard Foundation.rename(from, path) == 0 else { throw .ofSystem(errno, at: path) }
  }

  /// Removes a database and the files that SQLite puts beside it.
  static func removeDatabase(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
  }
}
