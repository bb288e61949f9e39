import ArgumentParser

struct OrchestratorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "orchestrator", abstract: "Run the authority as a service.",
    subcommands: [OrchestratorRun.self, OrchestratorPassword.self])
}
