import ArgumentParser
import Foundation
import Systems

struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what `apply` would do to the output of a fleet file, and what must restart.",
    discussion: """
      Writes nothing. With --exit-code, 1 says that changes are pending.
        countersign plan fleet.yaml
        countersign plan fleet.yaml --exit-code --quiet
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var fleet: FleetOptions
  @Flag(help: "Exit with 1 where changes are pending.") var exitCode = false
  @OptionGroup var passphrase: PassphraseOptions

  func run() async throws {
    let request = FleetRequest(
      path: fleet.file, out: fleet.out, home: Home(common.home), access: fleet.access,
      passphraseSource: passphrase.source)
    let systems = try await FleetReader(request: request).read().systems
    let outcome = try FleetProvision(request: request, console: common.console).rehearse(systems)
    let rendered = try FleetRenderer(request: request, isReal: false).render(outcome)
    let facts = FleetFacts(outcome, rendered, request, applied: false)
    if facts.isChanged { for warning in facts.warnings { common.console.warn(warning) } }
    try common.console.report(facts)
    if exitCode, facts.isChanged { throw NegativeAnswer() }
  }
}
