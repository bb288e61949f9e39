import Foundation
import Glibc

/// The regular files below a folder, as they are.
struct FileTree {
  struct File {
    var bytes: [UInt8]
    var mode: mode_t
  }

  /// By their paths below the folder.
  private(set) var files: [String: File] = [:]

  private static let fileLimit = 200_000
  private static let depthLimit = 16

  /// A folder that isn't there is empty. Temporary folders of ours, and symbolic links, are left out.
  /// - Throws: ``FileFailure``.
  init(_ root: String) throws(FileFailure) {
    guard OutputFiles.exists(root) else { return }
    try add(root, below: "", depth: 0)
  }

  private mutating func add(_ folder: String, below prefix: String, depth: Int) throws(FileFailure) {
    guard depth < Self.depthLimit, files.count < Self.fileLimit else { throw FileFailure(.read, folder, EMFILE) }
    guard let directory = opendir(folder) else { throw FileFailure(.read, folder, errno) }
    var names: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(directory) {
      let type = Int32(entry.pointee.d_type)
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name != ".", name != "..", !OutputFolders.isTemporary(name) else { continue }
      if type == Int32(DT_DIR) { names.append((name, true)) }
      if type == Int32(DT_REG) { names.append((name, false)) }
    }
    closedir(directory)
    for (name, isFolder) in names {
      if isFolder {
        try add("\(folder)/\(name)", below: "\(prefix)\(name)/", depth: depth + 1)
      } else {
        files["\(prefix)\(name)"] = try Self.read("\(folder)/\(name)")
      }
    }
  }

  private static func read(_ path: String) throws(FileFailure) -> File {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let mode = (attributes?[.posixPermissions] as? Int).map { mode_t($0) & 0o777 }
    return File(bytes: try InputFile.read(path), mode: mode ?? 0)
  }
}
