import Foundation
import PKITestKit
import Testing

/// A file of `Tests/Integration/Desk`, `Fleet` or `Live`.
struct ScriptFile: Sendable, CustomTestStringConvertible {
  let url: URL
  let script: Script

  var testDescription: String { "\(url.lastPathComponent): \(script.title)" }

  static let all: [ScriptFile] = folder("Desk") + folder("Fleet") + folder("Live")

  static func folder(_ name: String) -> [ScriptFile] {
    let folder = Workspace.sources.appendingPathComponent(name)
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter {
      $0.hasSuffix(".txt")
    }
    return names.sorted().compactMap { name in
      let url = folder.appendingPathComponent(name)
      return (try? String(contentsOf: url, encoding: .utf8)).map { ScriptFile(url: url, script: Script(parsing: $0)) }
    }
  }
}

@Suite("the scripted cases")
struct ScriptTests {
  /// With RECORD=1 in the environment the files are written anew: read the difference before committing it.
  @Test("a scripted case answers as it is written down", arguments: ScriptFile.all)
  func script(_ file: ScriptFile) async throws {
    let workspace = try Workspace()
    let outputs = try await onItsOwnThread { try ScriptRunner(script: file.script, workspace: workspace).run() }
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      return try Data(file.script.rendered(outputs: outputs).utf8).write(to: file.url)
    }
    for (command, output) in zip(file.script.commands, outputs) {
      let expected = command.output.map(workspace.normalisation.line)
      guard expected != output else { continue }
      let lines = difference(expected: expected, actual: output).joined(separator: "\n")
      Issue.record("\(file.url.lastPathComponent): $ \(command.text)\n\(lines)")
    }
  }

  @Test("there are scripted cases")
  func scriptsAreFound() {
    #expect(ScriptFile.folder("Desk").count > 20)
    #expect(!ScriptFile.folder("Fleet").isEmpty)
    for file in ScriptFile.all {
      #expect(!file.script.commands.isEmpty, "\(file.url.lastPathComponent) has no command")
    }
  }
}
