import ArgumentParser

struct OrchestratorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "orchestrator", abstract: "Run the authority as a service, and say who may administer it.",
    subcommands: [OrchestratorRun.self, OrchestratorAccess.self, OrchestratorPassword.self])
}
