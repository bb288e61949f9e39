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
    var kind: String
    var names: [Name]?
    var shouldDisplay: Bool
  }
  var commandName: String
  var subcommands: [CommandDump]?
  var arguments: [Argument]?

  /// Every command that does something, by its words, with the spellings of each of its flags.
  func leaves(below words: [String] = []) -> [(words: [String], flags: [[String]])] {
    let words = words + [commandName]
    let below = (subcommands ?? []).filter { $0.commandName != "help" }
    guard below.isEmpty else { return below.flatMap { $0.leaves(below: words) } }
    let shown = (arguments ?? []).filter { $0.shouldDisplay && $0.kind != "positional" }
    let spellings = shown.map { ($0.names ?? []).map { $0.kind == "long" ? "--\($0.name)" : "-\($0.name)" } }
    return [(words, spellings)]
  }
}

@Suite("what the scripted cases cover")
struct CommandCoverageTests {
  /// Flags that every command, or every one that acts on an orchestrator, takes; one case tries them on all.
  private static let common: Set<String> = [
    "--home", "--output", "--quiet", "--verbose", "--color", "--version", "--help", "--orchestrator", "--access-file",
    "--client-cert", "--client-key", "--orchestrator-trust",
  ]

  @Test("every command and every flag stands in a scripted case")
  func everyFlag() throws {
    let dump = try Workspace().countersign(["--experimental-dump-help"])
    let root = try JSONDecoder().decode(CommandDump.Root.self, from: dump.stdout).command
    let commands = ScriptFile.all.flatMap(\.script.commands).map(\.text)
    for (words, flags) in root.leaves() {
      let name = words.joined(separator: " ")
      let uses = commands.filter { $0.contains(name) }
      #expect(!uses.isEmpty, "no scripted case runs \(name)")
      for spellings in flags where Self.common.isDisjoint(with: spellings) {
        let isUsed = uses.contains { command in spellings.contains { command.contains(" \($0)") } }
        #expect(isUsed, "no scripted case runs \(name) with \(spellings.joined(separator: " or "))")
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
