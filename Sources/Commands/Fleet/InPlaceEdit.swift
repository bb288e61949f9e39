import Diagnosis
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
      guard OutputFiles.exists(path) else {
        // A file that the fleet file names and that isn't there yet, such as a trust store.
        try OutputFiles.makeFolder(OutputFiles.folder(of: path), holdsKeys: file.isSecret)
        try OutputFiles.write(file.bytes, path: path, access: file.isSecret ? .secret : .open)
        console.note("made \(request.absolute(declared))")
        continue
      }
      let original = try InputFile.read(path)
      guard original != file.bytes else { continue }
      show(original, file.bytes, declared)
      let backup = try saveBackup(of: original, path: path)
      try OutputFiles.write(file.bytes, path: path, access: try mode(of: path, file))
      console.note("edited \(request.absolute(declared)); the original is in \(backup)")
    }
  }

  /// What changes, with keys, tokens and passwords left out.
  private func show(_ old: [UInt8], _ new: [UInt8], _ name: String) {
    guard let old = String(validating: old, as: UTF8.self), let new = String(validating: new, as: UTF8.self) else {
      return
    }
    let lines = UnifiedDiff.lines(old: old, new: new, oldName: name, newName: name)
    for line in lines { console.note(line.printable) }
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
