import Foundation
import Glibc

/// Small files of the operator: kubeconfigs, keys, tokens.
enum AccessFile {
  static let sizeLimit = 4 << 20

  /// Nil when there is no such file.
  /// - Throws: ``KubernetesError/file(path:problem:hint:)``.
  static func readIfPresent(_ path: String) throws(KubernetesError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure(path, errno)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= sizeLimit else {
        throw .file(path: path, problem: "it is larger than \(sizeLimit >> 20) MiB", hint: "is this the right file?")
      }
    }
  }

  static func read(_ path: String) throws(KubernetesError) -> [UInt8] {
    guard let bytes = try readIfPresent(path) else { throw failure(path, ENOENT) }
    return bytes
  }

  private static func failure(_ path: String, _ code: Int32) -> KubernetesError {
    switch code {
    case ENOENT: .file(path: path, problem: "no such file", hint: "check the path")
    case EISDIR: .file(path: path, problem: "it is a folder", hint: "name the file")
    default:
      .file(path: path, problem: String(cString: strerror(code)).lowercased(), hint: "check its owner and mode")
    }
  }
}
