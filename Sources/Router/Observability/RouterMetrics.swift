import FoundationEssentials

/// A worker's counts at one moment.
struct WorkerReport: Sendable {
  struct Listener: Sendable {
    var accepted: Int
    var open: Int
    var received: Int
    var sent: Int
    var handshakes: Int
    var resumed: Int
    var time: Histogram
    var refusals: [String: Int]
    var ends: [String: Int]
    var requests: [Int: Int]
    var requestTime: Histogram
    var identities: [String: IdentityCounters]
    var decisions: [RuleDecision: Int]
  }

  struct Cluster: Sendable {
    var open: Int
    var connected: Int
    var ejected: Int
    var received: Int
    var sent: Int
    var time: Histogram
    var failures: [String: Int]
  }

  let worker: Int
  let listeners: [String: Listener]
  let clusters: [String: Cluster]

  init(_ worker: Worker) {
    self.worker = worker.index
    listeners = worker.counters.listeners.mapValues { counters in
      Listener(
        accepted: counters.accepted, open: counters.open, received: counters.received, sent: counters.sent,
        handshakes: counters.handshakes, resumed: counters.resumed, time: counters.handshakeTime,
        refusals: counters.refusals, ends: counters.ends, requests: counters.requests,
        requestTime: counters.requestTime, identities: counters.identities,
        decisions: counters.decisions)
    }
    clusters = worker.counters.clusters.mapValues { counters in
      Cluster(
        open: counters.open, connected: counters.connected, ejected: counters.ejected, received: counters.received,
        sent: counters.sent, time: counters.connectTime,
        failures: counters.failures)
    }
  }
}

/// The router's metrics in Prometheus' text exposition format, version 0.0.4.
struct RouterMetrics {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"
  let reports: [WorkerReport]
  let status: RouterStatus

  var text: String {
    var page = MetricsPage()
    addListeners(to: &page)
    addIdentities(to: &page)
    addClusters(to: &page)
    addState(to: &page)
    page.family("log_lines_dropped_total", "counter", "Lines of the access log that nobody took in time.") {
      $0.line([], status.droppedLogLines)
    }
    return page.text
  }

  private var listeners: [String] { Set(reports.flatMap(\.listeners.keys)).sorted() }
  private var clusters: [String] { Set(reports.flatMap(\.clusters.keys)).sorted() }

  private func sum(_ listener: String, _ value: (WorkerReport.Listener) -> Int) -> Int {
    reports.reduce(0) { $0 + ($1.listeners[listener].map(value) ?? 0) }
  }

  private func sums<Key: Hashable>(_ listener: String, _ value: (WorkerReport.Listener) -> [Key: Int]) -> [Key: Int] {
    reports.reduce(into: [:]) { sums, report in
      guard let counts = report.listeners[listener].map(value) else { return }
      sums.merge(counts) { $0 + $1 }
    }
  }

  private func addListeners(to page: inout MetricsPage) {
    page.family("connections_accepted_total", "counter", "Connections that were accepted, by worker.") { family in
      for report in reports.sorted(by: { $0.worker < $1.worker }) {
        for (name, counters) in report.listeners.sorted(by: { $0.key < $1.key }) {
          family.line([("listener", name), ("worker", String(report.worker))], counters.accepted)
        }
      }
    }
    let simple: [(String, String, String, (WorkerReport.Listener) -> Int)] = [
      ("connections_open", "gauge", "Connections that are open.", { $0.open }),
      ("received_bytes_total", "counter", "Bytes that clients sent, decrypted.", { $0.received }),
      ("sent_bytes_total", "counter", "Bytes that clients were sent, before encryption.", { $0.sent }),
      ("handshakes_completed_total", "counter", "Handshakes that were completed and allowed.", { $0.handshakes }),
      ("handshakes_resumed_total", "counter", "Those among them that resumed a session.", { $0.resumed }),
    ]
    for (name, kind, help, value) in simple {
      page.family(name, kind, help) { family in
        for listener in listeners { family.line([("listener", listener)], sum(listener, value)) }
      }
    }
    page.family("connections_refused_total", "counter", "Connections that ended before they were served, by reason.") {
      for listener in listeners {
        for (reason, count) in sums(listener, \.refusals).sorted(by: { $0.key < $1.key }) {
          $0.line([("listener", listener), ("reason", reason)], count)
        }
      }
    }
    page.family("connections_ended_total", "counter", "Connections that were served and ended, by reason.") {
      for listener in listeners {
        for (reason, count) in sums(listener, \.ends).sorted(by: { $0.key < $1.key }) {
          $0.line([("listener", listener), ("reason", reason)], count)
        }
      }
    }
    page.family("rule_decisions_total", "counter", "Connections and requests by the rule that decided on them.") {
      for listener in listeners {
        let decisions = sums(listener, \.decisions).sorted { ($0.key.rule, $0.value) < ($1.key.rule, $1.value) }
        for (decision, count) in decisions {
          $0.line(
            [("listener", listener), ("rule", decision.rule), ("decision", decision.isAllowed ? "allow" : "deny")],
            count)
        }
      }
    }
    page.family("requests_total", "counter", "HTTP requests, by the status of the answer.") {
      for listener in listeners {
        for (status, count) in sums(listener, \.requests).sorted(by: { $0.key < $1.key }) {
          $0.line([("listener", listener), ("status", String(status))], count)
        }
      }
    }
    page.family("request_duration_seconds", "histogram", "From a request's head to the end of its answer.") {
      for listener in listeners where !sums(listener, \.requests).isEmpty {
        $0.histogram(
          [("listener", listener)], Histogram.sum(reports.compactMap { $0.listeners[listener]?.requestTime }))
      }
    }
    page.family("handshake_duration_seconds", "histogram", "From the connection to the end of its handshake.") {
      for listener in listeners {
        $0.histogram([("listener", listener)], Histogram.sum(reports.compactMap { $0.listeners[listener]?.time }))
      }
    }
  }

  private func addIdentities(to page: inout MetricsPage) {
    let simple: [(String, String, String, (IdentityCounters) -> Int)] = [
      ("identity_connections_open", "gauge", "Connections of this identity that are open.", \.open),
      (
        "identity_connections_total", "counter", "Connections by the client's identity; past 500 they count as other.",
        \.connections
      ),
      ("identity_received_bytes_total", "counter", "Bytes that a client of this identity sent.", \.received),
      ("identity_sent_bytes_total", "counter", "Bytes that a client of this identity was sent.", \.sent),
    ]
    for (name, kind, help, value) in simple {
      page.family(name, kind, help) { family in
        for listener in listeners {
          let counts = sums(listener) { $0.identities.mapValues(value) }
          for (identity, count) in counts.sorted(by: { $0.key < $1.key }) {
            family.line([("listener", listener), ("identity", identity)], count)
          }
        }
      }
    }
  }

  private func addClusters(to page: inout MetricsPage) {
    let simple: [(String, String, String, (WorkerReport.Cluster) -> Int)] = [
      ("backend_connections_open", "gauge", "Connections to backends that are open.", { $0.open }),
      ("backend_connections_total", "counter", "Connections to backends that were made.", { $0.connected }),
      ("backend_received_bytes_total", "counter", "Bytes that backends sent, decrypted.", { $0.received }),
      ("backend_sent_bytes_total", "counter", "Bytes that backends were sent, before encryption.", { $0.sent }),
      ("backend_ejections_total", "counter", "How often an endpoint was left out for a while.", { $0.ejected }),
    ]
    for (name, kind, help, value) in simple {
      page.family(name, kind, help) { family in
        for cluster in clusters {
          family.line([("cluster", cluster)], reports.reduce(0) { $0 + ($1.clusters[cluster].map(value) ?? 0) })
        }
      }
    }
    page.family("backend_failures_total", "counter", "Connections to backends that failed, by reason.") { family in
      for cluster in clusters {
        var counts: [String: Int] = [:]
        for report in reports { counts.merge(report.clusters[cluster]?.failures ?? [:]) { $0 + $1 } }
        for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
          family.line([("cluster", cluster), ("reason", reason)], count)
        }
      }
    }
    page.family("backend_connect_duration_seconds", "histogram", "How long connections to backends took.") {
      for cluster in clusters {
        $0.histogram([("cluster", cluster)], Histogram.sum(reports.compactMap { $0.clusters[cluster]?.time }))
      }
    }
    page.family("backend_healthy", "gauge", "Whether an endpoint is healthy and not left out.") { family in
      for cluster in status.clusters {
        // Two names may stand for one address.
        let states = Dictionary(
          cluster.endpoints.map { ($0.address, $0.isHealthy && !$0.isEjected) }, uniquingKeysWith: { $0 || $1 })
        for (address, isWell) in states.sorted(by: { $0.key < $1.key }) {
          family.line([("cluster", cluster.name), ("endpoint", address)], isWell ? 1 : 0)
        }
      }
    }
  }

  private func addState(to page: inout MetricsPage) {
    let ends =
      status.listeners.map { (("listener", $0.name), $0.certificateNotAfter, $0.revocationStaleSince) }
      + status.clusters.map { (("cluster", $0.name), $0.certificateNotAfter, $0.revocationStaleSince) }
    page.family("certificate_not_after_seconds", "gauge", "When the router's own certificate ends, as Unix time.") {
      for (label, end, _) in ends { $0.line([label], end) }
    }
    page.family("revocation_stale_since_seconds", "gauge", "When the revocation lists are too old, as Unix time.") {
      for (label, _, end) in ends { $0.line([label], end) }
    }
    page.family("configuration_loaded_seconds", "gauge", "When what is in force was loaded, as Unix time.") {
      $0.line([], status.configuredAt)
    }
    page.family("configuration_refused", "gauge", "Whether the last reload changed nothing, because of a fault.") {
      $0.line([], status.lastProblem == nil ? 0 : 1)
    }
  }
}

extension Histogram {
  static func sum(_ parts: [Histogram]) -> Histogram {
    parts.reduce(into: Histogram()) { $0.add($1) }
  }
}

/// Lines of the exposition format.
struct MetricsPage {
  private(set) var text = ""

  mutating func family(_ name: String, _ kind: String, _ help: String, _ body: (inout Family) -> Void) {
    var family = Family(name: "countersign_router_\(name)")
    body(&family)
    guard !family.text.isEmpty else { return }
    text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(kind)\n\(family.text)"
  }

  struct Family {
    let name: String
    fileprivate(set) var text = ""

    mutating func line(_ labels: [(String, String)], _ value: Int) {
      text += "\(name)\(Self.written(labels)) \(value)\n"
    }

    /// A moment; nothing where there is none.
    mutating func line(_ labels: [(String, String)], _ moment: Date?) {
      guard let moment, moment > .distantPast, moment < .distantFuture else { return }
      line(labels, Int(moment.timeIntervalSince1970))
    }

    mutating func histogram(_ labels: [(String, String)], _ histogram: Histogram) {
      var count = 0
      for (index, bound) in Histogram.bounds.enumerated() {
        count += histogram.counts[index]
        text += "\(name)_bucket\(Self.written(labels + [("le", "\(Double(bound) / 1_000_000)")])) \(count)\n"
      }
      count += histogram.counts[Histogram.bounds.count]
      text += "\(name)_bucket\(Self.written(labels + [("le", "+Inf")])) \(count)\n"
      text += "\(name)_sum\(Self.written(labels)) \(Double(histogram.sum) / 1_000_000)\n"
      text += "\(name)_count\(Self.written(labels)) \(count)\n"
    }

    private static func written(_ labels: [(String, String)]) -> String {
      guard !labels.isEmpty else { return "" }
      return "{\(labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ","))}"
    }

    private static func escaped(_ text: String) -> String {
      text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
  }
}
