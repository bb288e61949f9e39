package import Foundation

/// What `/status` tells.
package struct RouterStatus: Codable, Sendable {
  package struct Listener: Codable, Sendable {
    package var name: String
    package var address: String
    package var certificateNotAfter: Date?
    /// When its revocation lists are too old; where none has come yet, since when they are wanted.
    package var revocationStaleSince: Date?
  }

  package struct Cluster: Codable, Sendable {
    package struct Backend: Codable, Sendable {
      package var address: String
      package var isHealthy: Bool
      package var isEjected: Bool
      package var connections: Int
    }

    package var name: String
    package var certificateNotAfter: Date?
    /// As a listener's.
    package var revocationStaleSince: Date?
    package var endpoints: [Backend]
    /// Names, and services, that can't be resolved for the moment, as router.yaml has them. Where one led before, it
    /// leads still.
    package var unresolved: [String]
  }

  package var workers: Int
  package var configuredAt: Date
  /// Why the last reload changed nothing; nil when it was taken over.
  package var lastProblem: String?
  package var droppedLogLines: Int
  package var listeners: [Listener]
  package var clusters: [Cluster]
}
