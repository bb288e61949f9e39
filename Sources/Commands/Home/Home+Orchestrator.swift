import Formats
import Orchestrator

extension OrchestratorConfigurationFile {
  private static let sizeLimit = 4 << 20

  /// Reads orchestrator.yaml and the files that it names. What it leaves out of policy and defaults is as config.yaml
  /// of the home says, so that desk and service answer alike.
  /// - Throws: ``DeclarationErrors``, ``FileFailure``.
  static func load(_ path: String, home: Home) throws -> OrchestratorConfiguration {
    let desk = try home.configuration()
    let file = OrchestratorConfigurationFile(
      path: path, home: home.path,
      inherited: Inherited(
        policy: desk.policy, issuing: IssuingDefaults(profile: desk.defaults.profile, lifetime: desk.defaults.lifetime))
    ) { try InputFile.read($0, limit: sizeLimit) }
    return try file.parse(try InputFile.read(path, limit: sizeLimit))
  }
}
