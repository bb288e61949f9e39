import Credentials
import Formats
import Foundation
import SwiftASN1
import X509

extension Delivery.Folder {
  /// What is in each folder beside the artefacts.
  package static let readme = "README.md"
  package static let manifest = "manifest.json"

  /// All files of the folder: the artefacts, how to use them, and what they are.
  package func files() -> [Artefact] {
    artefacts + [
      Artefact(Self.readme, readmeText.utf8), Artefact(Self.manifest, (FolderManifest(artefacts).text + "\n").utf8),
    ]
  }

  private var readmeText: String {
    var lines = ["# \(name)", "", title, ""]
    if !steps.isEmpty {
      lines += ["## Commands, in this order", ""]
      for (index, step) in steps.enumerated() {
        lines.append("\(index + 1). \(step.explanation)")
        if !step.commands.isEmpty {
          lines +=
            ["", "   ```sh"] + step.commands.flatMap { $0.split(separator: "\n").map { "   \($0)" } } + ["   ```"]
        }
        lines.append("")
      }
    }
    lines += ["## Files", ""]
    for artefact in artefacts.sorted(by: { $0.path < $1.path }) {
      lines.append("- `\(artefact.path)`\(artefact.isSecret ? ", secret: mode 0600, for this place only" : "")")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// `manifest.json`: each file with its hash, and each certificate in them.
private struct FolderManifest: Encodable {
  struct File: Encodable {
    var path: String
    var sha256: String
    var isSecret: Bool
    var certificates: [Entry]?
  }

  struct Entry: Encodable, Hashable {
    var subject: String
    var issuer: String
    var names: [String]
    var serial: String
    var notAfter: String
    var sha256: String
  }

  var files: [File]

  init(_ artefacts: [Artefact]) {
    files = artefacts.sorted { $0.path < $1.path }.map { artefact in
      File(
        path: artefact.path, sha256: Fingerprint(of: artefact.bytes).description, isSecret: artefact.isSecret,
        certificates: Self.certificates(artefact))
    }
  }

  private static func certificates(_ artefact: Artefact) -> [Entry]? {
    let bytes: [UInt8]
    switch artefact.role {
    case .object(let object): bytes = object.data.flatMap { $0.value + [UInt8(ascii: "\n")] }
    case .file: bytes = artefact.bytes
    case .merged: return nil
    }
    guard PEM.isLikely(bytes) else { return nil }
    let found = PEM.scan(bytes).blocks.filter(PEM.isCertificate).compactMap { Entry($0.der) }
    return found.isEmpty ? nil : found
  }

  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

extension FolderManifest.Entry {
  init?(_ der: [UInt8]) {
    guard let certificate = try? Certificate(derEncoded: der) else { return nil }
    subject = "\(certificate.subject)"
    issuer = "\(certificate.issuer)"
    names = certificate.subjectNames.map(\.description)
    serial = certificate.serialNumber.hex
    notAfter = rfc3339(certificate.notValidAfter)
    sha256 = Fingerprint(of: der).description
  }
}
