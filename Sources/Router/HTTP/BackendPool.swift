/// A worker's connections to HTTP backends: those that are idle, and those of HTTP/2 that take more.
final class BackendPool {
  private unowned let worker: Worker
  private var idle: [ObjectIdentifier: [HTTP1Backend]] = [:]
  private var shared: [ObjectIdentifier: [HTTP2Backend]] = [:]
  /// For each cluster. Others are closed after their request.
  private static let mostIdle = 256

  init(worker: Worker) { self.worker = worker }

  /// Finds a stream for a transaction, which is told when there is one, or why there is none.
  func stream(to cluster: ClusterState, for transaction: HTTPTransaction) {
    let key = ObjectIdentifier(cluster)
    switch cluster.configuration.protocol {
    case .http1:
      while let backend = idle[key]?.popLast() {
        guard backend.isUsable else { continue }
        return backend.begin(transaction)
      }
      HTTP1Backend.open(cluster, for: transaction, pool: self, worker: worker)
    case .http2:
      if let backend = shared[key]?.first(where: \.takesMore) { return backend.begin(transaction) }
      if let backend = HTTP2Backend.open(cluster, for: transaction, pool: self, worker: worker) {
        shared[key, default: []].append(backend)
      }
    }
  }

  func isIdle(_ backend: HTTP1Backend) {
    let key = ObjectIdentifier(backend.cluster)
    guard isInUse(backend.cluster), (idle[key]?.count ?? 0) < Self.mostIdle else { return backend.close() }
    idle[key, default: []].append(backend)
  }

  func remove(_ backend: HTTP1Backend) {
    idle[ObjectIdentifier(backend.cluster)]?.removeAll { $0 === backend }
  }

  func remove(_ backend: HTTP2Backend) {
    shared[ObjectIdentifier(backend.cluster)]?.removeAll { $0 === backend }
  }

  private func isInUse(_ cluster: ClusterState) -> Bool {
    worker.snapshot?.clusters.contains { $0 === cluster } ?? false
  }

  /// Lets go of what leads to clusters that are no more, or were made with other trust.
  func keepOnly(_ clusters: [ClusterState]) {
    let current = Set(clusters.map { ObjectIdentifier($0) })
    for (key, backends) in idle where !current.contains(key) {
      idle[key] = nil
      for backend in backends { backend.close() }
    }
    for (key, backends) in shared where !current.contains(key) {
      shared[key] = nil
      for backend in backends { backend.retire() }
    }
  }

  func closeAll() {
    for backend in idle.values.flatMap({ $0 }) { backend.close() }
    idle = [:]
  }
}
