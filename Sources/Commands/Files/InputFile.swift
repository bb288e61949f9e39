import Credentials
import Foundation
import Glibc

/// Reads operators' files, with a limit: nothing here is larger than a trust bundle.
enum InputFile {
  static let sizeLimit = 16 << 20

  /// - Throws: ``FileFailure``: missing or unreadable, a folder, or larger than the limit.
  static func read(_ path: String, limit: Int = sizeLimit) throws(FileFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.read, path, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileFailure(.read, path, errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { throw FileFailure(.tooLarge(limit: limit), path, 0) }
    }
  }
}

/// A file could not be read or written.
struct FileFailure: ExplainedError {
  enum Action: Hashable {
    case read, write
    case tooLarge(limit: Int)
  }

  let action: Action
  let path: String
  let code: Int32

  init(_ action: Action, _ path: String, _ code: Int32) {
    self.action = action
    self.path = path
    self.code = code
  }

  var message: String {
    switch action {
    case .read: "\(path) can't be read: \(reason)"
    case .write: "\(path) can't be written: \(reason)"
    case .tooLarge(let limit): "\(path) is larger than \(limit >> 10) KiB, the most that is read of such a file"
    }
  }

  var hint: String? {
    switch action {
    case .tooLarge: "is this the right file?"
    case .read where code == ENOENT: "check the path"
    case .read: "check its owner and mode"
    case .write where code == ENOSPC || code == EDQUOT: "free some space and run the command again"
    case .write where code == EEXIST:
      "a private key is never overwritten; move the old one away or choose another folder with -o"
    case .write where code == ENOENT: "make its folder first"
    case .write where code == EROFS: "the file system is mounted read-only; choose another place"
    case .write: "check the owner and mode of its folder"
    }
  }

  /// A file that isn't there or isn't what the operator said is a matter of usage; the rest is the world's fault.
  var kind: FailureKind {
    switch action {
    case .tooLarge: .badInput
    case .read where code == ENOENT || code == EISDIR || code == ENOTDIR: .badInput
    case .write where code == EEXIST: .badInput
    default: .environment
    }
  }

  private var reason: String {
    switch code {
    case ENOENT: "no such file or folder"
    case EISDIR: "it is a folder"
    case EACCES, EPERM: "permission denied"
    case EEXIST: "it exists already"
    case ENOSPC: "no space left on the disk"
    case EROFS: "read-only file system"
    default: String(cString: strerror(code))
    }
  }
}
