import Logging

/// Tells which names can't be resolved: when that begins, when it changes, and when it is over.
struct UnresolvedNames {
  /// By the cluster's name.
  private var told: [String: [String]] = [:]

  /// - Parameter isNew: whether another configuration holds now, of which nothing was told yet.
  mutating func tell(of clusters: [ClusterState], isNew: Bool, _ logger: Logger) {
    var missing: [String: [String]] = [:]
    for cluster in clusters {
      let names = cluster.unresolved.map(\.description)
      let before = told[cluster.name] ?? []
      missing[cluster.name] = names
      if !names.isEmpty, isNew || names != before {
        logger.error(
          "names can't be resolved",
          metadata: ["cluster": "\(cluster.name)", "names": "\(names.joined(separator: ", "))"])
      } else if names.isEmpty, !before.isEmpty {
        logger.info("all names resolve again", metadata: ["cluster": "\(cluster.name)"])
      }
    }
    told = missing
  }
}
