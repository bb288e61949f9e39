import ArgumentParser
import Foundation

extension Console.Output: ExpressibleByArgument {}
extension TextStyle.Choice: ExpressibleByArgument {}

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The authority's folder.",
      discussion: "Default: $COUNTERSIGN_HOME, else /var/lib/countersign for root, else ~/.countersign.",
      valueName: "dir"))
  var home: String?

  @Option(help: ArgumentHelp("How facts are printed: text or json.", valueName: "format"))
  var output: Console.Output = .text

  @Flag(help: "Print no more than what was asked for.")
  var quiet = false

  @Flag(help: "Print more about what is done.")
  var verbose = false

  @Option(help: ArgumentHelp("Colours: auto, always or never; NO_COLOR is honoured.", valueName: "when"))
  var color: TextStyle.Choice = .auto

  var console: Console {
    Console(
      output: output, isQuiet: quiet, isVerbose: verbose,
      style: TextStyle(color, environment: ProcessInfo.processInfo.environment, isTerminal: isatty(1) == 1))
  }

  private static let takingValues: Set<String> = [
    "--home", "--orchestrator", "--access-file", "--client-cert", "--client-key", "--orchestrator-trust", "--output",
    "--color",
  ]

  /// Common options may also stand before the subcommand, as kubectl's users write them.
  static func movedBehindSubcommand(_ arguments: [String]) -> [String] {
    var moved: [String] = []
    var rest = arguments[...]
    while let first = rest.first, first.hasPrefix("--") {
      let name = first.prefix { $0 != "=" }
      if takingValues.contains(String(name)) {
        let takes = first.contains("=") ? 1 : 2
        moved += rest.prefix(takes)
        rest = rest.dropFirst(takes)
      } else if ["--quiet", "--verbose"].contains(name) {
        moved.append(first)
        rest = rest.dropFirst()
      } else {
        break
      }
    }
    guard !moved.isEmpty, !rest.isEmpty else { return arguments }
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    return Array(rest[..<end]) + moved + Array(rest[end...])
  }
}
