/// What router.yaml says, read and checked.
package struct RouterConfiguration: Hashable, Sendable {
  package var listeners: [ListenerConfiguration]
  package var clusters: [ClusterConfiguration]
  /// The path of the admin socket; nil for none.
  package var admin: String?
  /// Threads that carry connections; nil for one on each core.
  package var workers: Int?
  /// A name or a number, to become once all sockets are bound.
  package var user: String?
  package var group: String?
  /// How long open connections may go on after the signal to stop.
  package var drain: Duration
  package var log: LogConfiguration

  package init(
    listeners: [ListenerConfiguration], clusters: [ClusterConfiguration], admin: String? = nil, workers: Int? = nil,
    user: String? = nil, group: String? = nil, drain: Duration = .seconds(30),
    log: LogConfiguration = LogConfiguration()
  ) {
    self.listeners = listeners
    self.clusters = clusters
    self.admin = admin
    self.workers = workers
    self.user = user
    self.group = group
    self.drain = drain
    self.log = log
  }
}
