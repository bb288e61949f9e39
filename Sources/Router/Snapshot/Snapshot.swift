/// Configuration and files as they were at one moment, made into what workers use. Immutable but for what is counted.
package final class Snapshot: Sendable {
  package let configuration: RouterConfiguration
  package let listeners: [ListenerState]
  package let clusters: [ClusterState]

  init(
    configuration: RouterConfiguration, listeners: [ListenerState], clusters: [ClusterState]
  ) {
    self.configuration = configuration
    self.listeners = listeners
    self.clusters = clusters
  }

  package func listener(named name: String) -> ListenerState? { listeners.first { $0.name == name } }

  package func cluster(named name: String) -> ClusterState? { clusters.first { $0.name == name } }

  /// Verdicts by any other trust are of no use any more.
  var trusts: Set<UInt64> {
    Set(listeners.compactMap { $0.tls?.trust?.id } + clusters.flatMap(\.trusts))
  }
}
