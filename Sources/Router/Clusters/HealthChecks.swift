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
    states = states.filter { current.contains($0.key) || $0.value.probe != nil }
  }

  private func look(_ endpoint: Endpoint, of cluster: ClusterState, _ check: HealthCheck) {
    let key = ObjectIdentifier(endpoint)
    var state = states[key] ?? State()
    if let probe = state.probe, worker.now - probe.began > check.timeout.milliseconds { probe.end(false) }
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
    _ isWell: Bool, _ state: inout State, _ endpoint: Endpoint, _ cluster: ClusterState, _ check: HealthCheck
  ) {
    state.successes = isWell ? state.successes + 1 : 0
    state.failures = isWell ? 0 : state.failures + 1
    if isWell, !endpoint.isHealthy, state.successes >= check.healthyAfter {
      endpoint.setHealth(true)
      worker.events.note("\(cluster.name): \(endpoint.location.address) is healthy again")
    }
    if !isWell, endpoint.isHealthy, state.failures >= check.unhealthyAfter {
      endpoint.setHealth(false)
      worker.events.problem("\(cluster.name): \(endpoint.location.address) is unhealthy")
    }
  }
}

/// One look at one endpoint.
private final class HealthProbe: UpstreamUser, HTTP1ParserUser {
  let began: Int64
  /// Nil until it is over.
  private(set) var found: Bool?
  private let check: HealthCheck
  private let upstream: Upstream
  private let parser = HTTP1Parser(.response, headLimit: 64 << 10)

  init(_ endpoint: Endpoint, of cluster: ClusterState, _ check: HealthCheck, worker: Worker) {
    self.check = check
    began = worker.now
    upstream = Upstream(
      to: endpoint, of: cluster, for: nil, worker: worker, purpose: .probe(withTLS: check.kind != .tcp))
    upstream.user = self
    parser.user = self
  }

  func begin() { upstream.connect() }

  func upstreamIsReady(_ upstream: Upstream) {
    guard check.kind == .http else { return end(true) }
    let host = upstream.cluster.configuration.tls?.name ?? upstream.endpoint.location.host ?? "localhost"
    let request = "GET \(check.path) HTTP/1.1\r\nhost: \(host)\r\nuser-agent: countersign\r\nconnection: close\r\n\r\n"
    Array(request.utf8).withUnsafeBytes { upstream.side?.write($0) }
  }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) { end(false) }

  func upstream(_ upstream: Upstream, isReady side: Side) {
    side.drain()
    while found == nil {
      switch side.read() {
      case .nothing: return
      case .end, .failed: return end(false)
      case .bytes(let bytes):
        switch parser.parse(bytes) {
        case .malformed, .tooLarge: end(false)
        case .needsMore, .message, .upgraded: break
        }
      }
    }
  }

  func parserFoundHead(_ parser: HTTP1Parser) {
    if parser.status >= 200 { end(check.status.contains(parser.status)) }
  }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) {}

  func parserFoundEnd(_ parser: HTTP1Parser) {}

  func end(_ isWell: Bool) {
    guard found == nil else { return }
    found = isWell
    upstream.close()
  }
}
