package import Foundation

/// What `/status` tells.
package struct RouterStatus: Codable, Sendable {
  package struct Listener: Codable, Sendable {
    package var name: String
    package var address: String
    package var certificateNotAfter: Date?
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
    package var revocationStaleSince: Date?
    package var endpoints: [Backend]
  }

  package var workers: Int
  package var configuredAt: Date
  /// Why the last reload changed nothing; nil when it was taken over.
  package var lastProblem: String?
  package var droppedLogLines: Int
  package var listeners: [Listener]
  package var clusters: [Cluster]
}
