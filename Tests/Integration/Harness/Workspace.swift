import Foundation
import PKITestKit

/// A fresh folder in which commands run as an operator would run them: `countersign` on the PATH, its home in
/// `home`, UTC, no colours, no terminal, and nothing else of the environment in which the tests run.
final class Workspace: Sendable {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  var path: String { directory.path }
  var normalisation: Normalisation { Normalisation(folder: path, user: NSUserName()) }

  /// The folder of the programs that this test run built.
  static let products: String = {
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path
  }()

  /// `Tests/Integration`.
  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// The programs that scripts/test installs beside the build.
  static let tools = sources.appendingPathComponent("../../.build-tools/bin").standardizedFileURL.path

  /// Runs `countersign` and returns what it printed, whatever its exit code.
  @discardableResult
  func countersign(_ arguments: [String]) throws -> Tool.Output {
    try Tool.run("env", environment + ["countersign"] + arguments, in: directory.url)
  }

  /// Runs bash, and throws with its words when a command fails.
  @discardableResult
  func bash(_ script: String) throws -> Tool.Output {
    let functions = Self.sources.appendingPathComponent("Harness/functions.sh").path
    let text = "set -euo pipefail; . '\(functions)'\n\(script)"
    return try Tool.require("env", environment + ["timeout", "-k", "5", "900", "bash", "-c", text], in: directory.url)
  }

  func file(_ name: String) -> String { directory.file(name).path }

  func text(_ name: String) throws -> String { try String(contentsOf: directory.file(name), encoding: .utf8) }

  /// For `env`: an environment of its own.
  var environment: [String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return [
      "-i", "PATH=\(Self.products):\(path):\(Self.tools):/usr/sbin:/sbin", "HOME=\(self.path)", "WORK=\(self.path)",
      "COUNTERSIGN_HOME=\(self.path)/home", "TZ=UTC", "LC_ALL=C.UTF-8", "NO_COLOR=1",
    ]
  }
}
