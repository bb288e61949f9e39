package import Foundation

/// pkilint, the judge of certificates, revocation lists and OCSP answers.
package enum Lint {
  /// What it finds above a notice; empty where nothing.
  package static func findings(_ program: String, _ arguments: [String], _ file: URL) throws -> String {
    let tool = buildTools.appendingPathComponent(program).path
    let output = try Tool.run(tool, arguments + ["-s", "WARNING", file.path])
    guard output.status >= 0, output.status < 100, !output.errors.contains("Traceback") else {
      throw Tool.Failure(description: "\(program): status \(output.status)\n\(output.errors)")
    }
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
      + (output.status != 0 && output.text.isEmpty ? output.errors : "")
  }

  /// - Throws: with its words where it finds something.
  package static func expectNothing(_ program: String, _ arguments: [String], _ file: URL) throws {
    let found = try findings(program, arguments, file)
    guard found.isEmpty else { throw Tool.Failure(description: "\(program): \(found)") }
  }

  private static let buildTools = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build-tools/bin")
}
