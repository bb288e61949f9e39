/// What the service needs of the world and of its command: files, the service manager.
package struct ServiceEdge: Sendable {
  package var credentials: any CredentialStore
  package var notification: SystemdNotification
  /// Reads configuration and authority again. Given is what is in force.
  package var reload: @Sendable (OrchestratorCore.Snapshot) async throws -> OrchestratorCore.Snapshot
  /// 0 to 1: how much earlier than others this orchestrator renews its certificate.
  package var jitter: Double
  /// What /metrics says of the program.
  package var version: String

  package init(
    credentials: any CredentialStore, notification: SystemdNotification, jitter: Double, version: String,
    reload: @escaping @Sendable (OrchestratorCore.Snapshot) async throws -> OrchestratorCore.Snapshot
  ) {
    self.credentials = credentials
    self.notification = notification
    self.jitter = jitter
    self.version = version
    self.reload = reload
  }
}
