/// Probes the endpoints of clusters that want it, with the cluster's own TLS: what a probe finds out, a client's connection
/// would meet too. One worker does it for all.
final class HealthChecks {
  private unowned let worker: Worker
  private var states: [ObjectIdentifier: State] = [:]
  private var lookedAt: Int64 = 0

  private struct State {
    var nextAt: Int64 = 0
    var successes = 0
    var failures = 0
    var probe: HealthProbe?
  }

  init(worker: Worker) { self.worker = worker }

  /// To be called often; looks a few times in a second.
  func look(_ clusters: [ClusterState]) {
    guard worker.now - lookedAt >= 200 else { return }
    lookedAt = worker.now
    var current = Set<ObjectIdentifier>()
    for cluster in clusters {
      guard let check = cluster.configuration.health else { continue }
      for endpoint in cluster.current {
        current.insert(ObjectIdentifier(endpoint))
        look(endpoint, of: cluster, check)
      }
    }
    for (key, state) in states where !current.contains(key) {
      state.probe?.abandon()
      states[key] = nil
    }
  }

  private func look(_ endpoint: Endpoint, of cluster: ClusterState, _ check: HealthCheck) {
    let key = ObjectIdentifier(endpoint)
    var state = states[key] ?? State()
    if let probe = state.probe, worker.now - probe.began > check.timeout.milliseconds { probe.timeIsUp() }
    if let found = state.probe?.found {
      state.probe = nil
      count(found, &state, endpoint, cluster, check)
    }
    if state.probe == nil, worker.now >= state.nextAt {
      state.nextAt = worker.now + check.every.milliseconds
      let probe = HealthProbe(endpoint, of: cluster, check, worker: worker)
      state.probe = probe
      probe.begin()
    }
    states[key] = state
  }

  private func count(
    _ found: HealthProbe.Found, _ state: inout State, _ endpoint: Endpoint, _ cluster: ClusterState,
    _ check: HealthCheck
  ) {
    switch found {
    case .well:
      state.successes += 1
      state.failures = 0
      guard !endpoint.isHealthy, state.successes >= check.healthyAfter else { return }
      worker.events.note("\(cluster.name): \(endpoint.location.address) is healthy again")
      endpoint.setHealth(true)
    case .ill(let reason):
      state.successes = 0
      state.failures += 1
      guard endpoint.isHealthy, state.failures >= check.unhealthyAfter else { return }
      worker.events.problem("\(cluster.name): \(endpoint.location.address) is unhealthy: \(reason)")
      endpoint.setHealth(false)
    }
  }
}
