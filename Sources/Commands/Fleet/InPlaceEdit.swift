import Formats
import Foundation
import Systems

/// Puts the merged copies into the places of the operator's own files.
struct InPlaceEdit {
  let request: FleetRequest
  let console: Console

  func edit(_ fleet: RenderedFleet) throws {
    for file in fleet.folders.flatMap(\.files) {
      guard case .merged(let declared) = file.role else { continue }
      let path = URL(fileURLWithPath: request.absolute(declared)).resolvingSymlinksInPath().path
      let original = try InputFile.read(path)
      guard original != file.bytes else { continue }
      let backup = try saveBackup(of: original, path: path)
      try OutputFiles.write(file.bytes, path: path, access: try mode(of: path, file))
      console.note("edited \(request.absolute(declared)); the original is in \(backup)")
    }
  }

  /// A file that was closed to others stays so, and one that gets a secret becomes so.
  private func mode(of path: String, _ file: Artefact) throws -> OutputFiles.Access {
    let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    return file.isSecret || (mode ?? 0o644) & 0o077 == 0 ? .secret : .open
  }

  /// The original under the first free name; not once more where the last run was interrupted just after it.
  private func saveBackup(of original: [UInt8], path: String) throws -> String {
    for number in 1...1000 {
      let backup = number == 1 ? "\(path).bak" : "\(path).bak.\(number)"
      if OutputFiles.exists(backup) {
        if try InputFile.read(backup) == original { return backup }
        continue
      }
      try OutputFiles.write(original, path: backup, access: .secret)
      return backup
    }
    throw CommandError.usage("there are 1,000 backups of \(path)", hint: "move them away")
  }
}
