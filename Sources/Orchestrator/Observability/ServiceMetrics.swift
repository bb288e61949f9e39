package import Credentials
package import Foundation
import HTTPTypes
import Metrics
import Synchronization

/// What the service measures. Each part calls the method that is named after what happened.
package final class ServiceMetrics: Sendable {
  package let registry: MetricsRegistry
  private let answers = Mutex<[AnswerKey: (count: Counter, duration: Metrics.Timer)]>([:])
  private let counters = Mutex<[CounterKey: Counter]>([:])
  private let gauges = Mutex<[CounterKey: Meter]>([:])
  private let ledgerLatency: Metrics.Timer
  private let ledgerBatch: Recorder

  package init() {
    let registry = MetricsRegistry(MetricDefinition.all)
    self.registry = registry
    ledgerLatency = Metrics.Timer(label: MetricDefinition.ledgerLatency.name, dimensions: [], factory: registry)
    ledgerBatch = Recorder(label: MetricDefinition.ledgerBatch.name, dimensions: [], aggregate: true, factory: registry)
  }

  // MARK: HTTP and TLS

  func answered(route: String?, method: HTTPRequest.Method, status: HTTPResponse.Status, duration: Duration) {
    let key = AnswerKey(route: route ?? "NotFound", method: method, status: status.code)
    let (count, timer) = answers.withLock { answers in
      if let known = answers[key] { return known }
      let word = HTTPRequest.Method.known.contains(method) ? method.rawValue : "OTHER"
      let new = (
        Counter(
          label: MetricDefinition.requests.name,
          dimensions: [("route", key.route), ("method", word), ("status", "\(key.status)")], factory: registry),
        Metrics.Timer(
          label: MetricDefinition.requestDuration.name, dimensions: [("route", key.route)], factory: registry)
      )
      // Strangers choose the method.
      if answers.count < MetricsRegistry.mostSeries { answers[key] = new }
      return new
    }
    count.increment()
    timer.recordNanoseconds(duration.nanoseconds)
  }

  /// What the transport counted since the start.
  func transport(_ counters: TransportCounters) {
    set(.connections, Double(counters.open))
    set(.openHandshakes, Double(counters.handshaking))
    set(.accepted, Double(counters.accepted))
    for (outcome, count) in counters.handshakes { set(.handshakes, Double(count), [("outcome", outcome.label)]) }
    for (reason, count) in counters.closings { set(.closings, Double(count), [("reason", reason.rawValue)]) }
  }

  // MARK: Certificates

  /// - Parameters:
  ///   - outcome: admitted, waiting or refused.
  ///   - reason: one of few words; empty unless it was refused.
  package func admission(_ kind: AdmissionKind?, outcome: String, reason: String = "") {
    add(1, to: .admissions, [("kind", kind?.rawValue ?? "none"), ("outcome", outcome), ("reason", reason)])
  }

  package func issued(_ kind: AdmissionKind) { add(1, to: .issued, [("kind", kind.rawValue)]) }

  /// - Parameter status: good, revoked, unknown, or a word of OCSPResponseStatus.
  package func statusAnswer(_ status: String, isCached: Bool) {
    add(1, to: .statusAnswers, [("status", status), ("cache", isCached ? "hit" : "miss")])
  }

  package func revocations(_ count: Int) { set(.revocations, Double(count)) }

  package func revocationList(issuer: String, thisUpdate: Date, nextUpdate: Date, at now: Date) {
    set(.revocationListAge, now.timeIntervalSince(thisUpdate), [("issuer", issuer)])
    set(.revocationListEnd, nextUpdate.timeIntervalSince1970, [("issuer", issuer)])
  }

  // MARK: Ledger

  package func ledgerTransaction(_ duration: Duration, writes: Int, waiting: Int) {
    ledgerLatency.recordNanoseconds(duration.nanoseconds)
    ledgerBatch.record(writes)
    set(.ledgerQueue, Double(waiting))
  }

  package func waitingRequests(_ count: Int) { set(.waitingRequests, Double(count)) }

  // MARK: The service itself

  package func ownCertificate(notAfter: Date) { set(.ownCertificateEnd, notAfter.timeIntervalSince1970) }

  package func issuer(_ name: String, notAfter: Date) {
    set(.issuerEnd, notAfter.timeIntervalSince1970, [("issuer", name)])
  }

  package func reloaded(successfully: Bool, at now: Date) {
    set(.reloadSuccess, successfully ? 1 : 0)
    if successfully { set(.reloadTime, now.timeIntervalSince1970) }
  }

  package func build(version: String) { set(.build, 1, [("version", version)]) }

  func process(_ facts: ProcessFacts) {
    set(.cpuTime, facts.cpuSeconds)
    set(.residentMemory, facts.residentBytes)
    set(.openFiles, facts.openFiles)
    set(.mostFiles, facts.mostFiles)
    set(.startTime, facts.startTime)
  }

  // MARK: Series

  private struct AnswerKey: Hashable {
    var route: String
    var method: HTTPRequest.Method
    var status: Int
  }

  private struct CounterKey: Hashable {
    var name: String
    var values: [String]
  }

  private func add(_ count: Int, to metric: MetricDefinition, _ labels: [(String, String)]) {
    let key = CounterKey(name: metric.name, values: labels.map(\.1))
    let counter = counters.withLock { counters in
      if let known = counters[key] { return known }
      let new = Counter(label: metric.name, dimensions: labels, factory: registry)
      if counters.count < 20 * MetricsRegistry.mostSeries { counters[key] = new }
      return new
    }
    counter.increment(by: count)
  }

  private func set(_ metric: MetricDefinition, _ value: Double, _ labels: [(String, String)] = []) {
    let key = CounterKey(name: metric.name, values: labels.map(\.1))
    let gauge = gauges.withLock { gauges in
      if let known = gauges[key] { return known }
      let new = Meter(label: metric.name, dimensions: labels, factory: registry)
      if gauges.count < 20 * MetricsRegistry.mostSeries { gauges[key] = new }
      return new
    }
    gauge.set(value)
  }
}

extension Duration {
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return (seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue) &+ attoseconds / 1_000_000_000
  }
}
