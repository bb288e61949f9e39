import Foundation
import Glibc

/// The files below a folder, within limits.
enum FolderWalk {
  static let fileLimit = 50_000
  private static let depthLimit = 32

  /// The path itself where it is a file. Of a folder, all regular files below it in the order of their names: no hidden
  /// ones, none larger than any that we read, and no folder behind a symbolic link.
  /// - Throws: ``FileFailure``; ``CommandError`` for a folder without files, and for more than ``fileLimit``.
  static func files(at path: String) throws -> [String] {
    guard let kind = kind(of: path) else { throw FileFailure(.read, path, errno) }
    guard kind == .folder else { return [path] }
    var found: [String] = []
    try walk(path, depth: 0, into: &found)
    guard !found.isEmpty else { throw CommandError.usage("\(path) holds no file", hint: "check the path") }
    return found
  }

  private static func walk(_ folder: String, depth: Int, into found: inout [String]) throws {
    guard depth <= depthLimit else {
      throw CommandError.usage("\(folder) is too deep below", hint: "name a folder further down")
    }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw FileFailure(.read, folder, EACCES)
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      switch kind(of: path) {
      case .folder where !isLink(path): try walk(path, depth: depth + 1, into: &found)
      case .file(let size) where size <= InputFile.sizeLimit: found.append(path)
      default: continue
      }
      guard found.count <= fileLimit else {
        throw CommandError.usage("there are more than \(fileLimit) files", hint: "name a folder further down")
      }
    }
  }

  private enum Kind: Hashable {
    case folder
    case file(size: Int)
    case other
  }

  private static func kind(of path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFREG: return .file(size: Int(status.st_size))
    default: return .other
    }
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}
