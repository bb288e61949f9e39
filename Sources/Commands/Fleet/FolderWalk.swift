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
    guard let kind = kind(of: path) else { throw FileFailure(.read, path, ENOENT) }
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

  /// What stands there, behind symbolic links.
  private static func kind(of path: String) -> Kind? {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard !isFolder.boolValue else { return .folder }
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? manager.attributesOfItem(atPath: target),
      attributes[.type] as? FileAttributeType == .typeRegular
    else { return .other }
    return .file(size: attributes[.size] as? Int ?? 0)
  }

  private static func isLink(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeSymbolicLink
  }
}
