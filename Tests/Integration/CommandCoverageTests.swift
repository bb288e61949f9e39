import Foundation
import PKITestKit
import Testing

/// The command line's description of itself, as ArgumentParser dumps it.
private struct CommandDump: Decodable {
  struct Root: Decodable { var command: CommandDump }
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var names: [Name]?
    var shouldDisplay: Bool
  }
  var commandName: String
  var subcommands: [CommandDump]?
  var arguments: [Argument]?

  /// Every command that does something, by its words, with its long flags.
  func leaves(below words: [String] = []) -> [(words: [String], flags: [String])] {
    let words = words + [commandName]
    let below = (subcommands ?? []).filter { $0.commandName != "help" }
    guard below.isEmpty else { return below.flatMap { $0.leaves(below: words) } }
    let shown = (arguments ?? []).filter(\.shouldDisplay).flatMap { $0.names ?? [] }
    return [(words, shown.filter { $0.kind == "long" }.map { "--\($0.name)" })]
  }
}

@Suite("what the scripted cases cover")
struct CommandCoverageTests {
  /// Flags that every command takes; one case tries them on all.
  private static let common: Set = ["--home", "--output", "--quiet", "--verbose", "--color", "--version", "--help"]

  @Test("every command and every flag stands in a scripted case")
  func everyFlag() throws {
    let dump = try Workspace().countersign(["--experimental-dump-help"])
    let root = try JSONDecoder().decode(CommandDump.Root.self, from: dump.stdout).command
    let commands = ScriptFile.all.flatMap(\.script.commands).map(\.text)
    for (words, flags) in root.leaves() where words.last != "quickstart" {
      let name = words.joined(separator: " ")
      let uses = commands.filter { $0.contains(name) }
      #expect(!uses.isEmpty, "no scripted case runs \(name)")
      for flag in flags where !Self.common.contains(flag) {
        #expect(uses.contains { $0.contains(flag) }, "no scripted case runs \(name) with \(flag)")
      }
    }
  }

  @Test("every command explains itself")
  func help() throws {
    let workspace = try Workspace()
    let dump = try workspace.countersign(["--experimental-dump-help"])
    let root = try JSONDecoder().decode(CommandDump.Root.self, from: dump.stdout).command
    for (words, _) in root.leaves() {
      let path = Array(words.dropFirst())
      let help = try workspace.countersign(path + ["--help"])
      #expect(help.status == 0 && help.text.contains("USAGE:"), "\(words.joined(separator: " ")) --help")
      #expect(help.errors.isEmpty)
    }
  }
}
