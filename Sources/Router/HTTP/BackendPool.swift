/// A worker's connections to HTTP backends: those that are idle, and those of HTTP/2 that take more.
final class BackendPool {
  private unowned let worker: Worker
  private var idle: [Place: [HTTP1Backend]] = [:]
  private var shared: [Place: [HTTP2Backend]] = [:]
  /// To each endpoint. Others are closed after their request.
  private static let mostIdle = 256

  /// An endpoint outlives its cluster's trust and identity; a connection to it doesn't.
  struct Place: Hashable {
    let cluster: ObjectIdentifier
    let endpoint: ObjectIdentifier

    init(_ cluster: ClusterState, _ endpoint: Endpoint) {
      self.cluster = ObjectIdentifier(cluster)
      self.endpoint = ObjectIdentifier(endpoint)
    }
  }

  init(worker: Worker) { self.worker = worker }

  /// Finds a stream for a transaction, which is told when there is one, or why there is none. The endpoint whose turn it
  /// is comes first, and then whether there is a connection to it already.
  func stream(to cluster: ClusterState, for transaction: HTTPTransaction) {
    guard let endpoint = cluster.choose(except: transaction.tried, now: worker.now) else {
      return transaction.backendFailed("none", "\(cluster.name) has no endpoint", isUnused: true)
    }
    transaction.chosen = endpoint
    let place = Place(cluster, endpoint)
    switch cluster.configuration.protocol {
    case .http1:
      // A connection that lay idle may have failed it: the next attempt gets a new one.
      while transaction.attempts == 1, let backend = idle[place]?.popLast() {
        guard backend.isUsable else { continue }
        return backend.begin(transaction)
      }
      HTTP1Backend.open(endpoint, of: cluster, for: transaction, pool: self, worker: worker)
    case .http2:
      if let backend = shared[place]?.first(where: \.takesMore) { return backend.begin(transaction) }
      if let backend = HTTP2Backend.open(endpoint, of: cluster, for: transaction, pool: self, worker: worker) {
        shared[place, default: []].append(backend)
      }
    // Refused in a configuration.
    case .postgres: transaction.backendFailed("none", "\(cluster.name) answers no requests", isUnused: true)
    }
  }

  /// - Returns: false where it isn't needed any more.
  func keep(_ backend: HTTP1Backend) -> Bool {
    guard isInUse(backend.cluster), idle[backend.place, default: []].count < Self.mostIdle else { return false }
    idle[backend.place, default: []].append(backend)
    return true
  }

  func remove(_ backend: HTTP1Backend) {
    idle[backend.place]?.removeAll { $0 === backend }
    if idle[backend.place]?.isEmpty == true { idle[backend.place] = nil }
  }

  func remove(_ backend: HTTP2Backend) {
    shared[backend.place]?.removeAll { $0 === backend }
    if shared[backend.place]?.isEmpty == true { shared[backend.place] = nil }
  }

  private func isInUse(_ cluster: ClusterState) -> Bool {
    worker.snapshot?.clusters.contains { $0 === cluster } ?? false
  }

  /// Lets go of what leads to clusters that are no more, or were made with other trust.
  func keepOnly(_ clusters: [ClusterState]) {
    let current = Set(clusters.map { ObjectIdentifier($0) })
    for (place, backends) in idle where !current.contains(place.cluster) {
      idle[place] = nil
      for backend in backends { backend.close() }
    }
    for (place, backends) in shared where !current.contains(place.cluster) {
      shared[place] = nil
      for backend in backends { backend.retire() }
    }
  }

  func closeAll() {
    for backend in idle.values.flatMap({ $0 }) { backend.close() }
    idle = [:]
  }
}
