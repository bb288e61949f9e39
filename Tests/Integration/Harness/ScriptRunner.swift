import Foundation
import PKITestKit

/// Runs the commands of a script, one after the other in one bash, and collects what each printed.
struct ScriptRunner {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let script: Script
  let workspace: Workspace

  /// The output of each command, in the form that scripts record it.
  func run() throws -> [[String]] {
    let record = try TemporaryDirectory()
    for (index, command) in script.commands.enumerated() {
      try Data(command.text.utf8).write(to: record.file("\(index).command"))
    }
    let functions = Workspace.sources.appendingPathComponent("Harness/functions.sh").path
    let driver = """
      . '\(functions)'
      trap 'kill $(jobs -p) 2>/dev/null' EXIT
      for record in $(seq -f '\(record.path)/%.0f' 0 \(script.commands.count - 1)); do
        eval "$(cat "$record.command")" >"$record.out" 2>"$record.err" </dev/null
        echo $? >"$record.exit"
      done
      """
    // `timeout` ends the whole process group of a command that hangs.
    _ = try Tool.run(
      "env", workspace.environment + ["timeout", "-k", "5", "900", "bash", "-c", driver], in: workspace.directory.url)
    return try script.commands.indices.map { try output(of: $0, in: record) }
  }

  private func output(of index: Int, in record: TemporaryDirectory) throws -> [String] {
    guard let status = Int(try read("\(index).exit", in: record).trimmingCharacters(in: .whitespacesAndNewlines)) else {
      return ["(the shell ended, or the case took longer than fifteen minutes)"]
    }
    var lines = workspace.normalisation.lines(try read("\(index).out", in: record))
    lines += workspace.normalisation.lines(try read("\(index).err", in: record)).map { $0.isEmpty ? "!" : "! \($0)" }
    if status != 0 { lines.append("[exit \(status)]") }
    return lines
  }

  private func read(_ name: String, in record: TemporaryDirectory) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: record.file(name).path) else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }
}
