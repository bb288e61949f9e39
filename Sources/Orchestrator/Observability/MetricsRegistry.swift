package import Metrics
import Synchronization

/// A backend of swift-metrics that keeps what is measured in memory, to be read as Prometheus' text format.
///
/// Only declared metrics are kept, and of each a bounded number of label sets: what a peer sends can't make it grow.
package final class MetricsRegistry: MetricsFactory {
  /// The most label sets of one metric. Further ones are counted together, each label with the value `other`.
  package static let mostSeries = 500

  let families: [MetricFamily]
  private let byName: [String: MetricFamily]

  package init(_ definitions: [MetricDefinition]) {
    families = definitions.map(MetricFamily.init)
    byName = Dictionary(families.map { ($0.definition.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    byName[label]?.series(dimensions) ?? MetricSeries.discarded
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    byName[label]?.series(dimensions) ?? MetricSeries.discarded
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    byName[label]?.series(dimensions) ?? MetricSeries.discarded
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    byName[label]?.series(dimensions) ?? MetricSeries.discarded
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    byName[label]?.series(dimensions) ?? MetricSeries.discarded
  }

  // Handlers live as long as the registry: a series that vanished would look like a restart.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}

/// A metric with its label sets.
final class MetricFamily: Sendable {
  let definition: MetricDefinition
  private let all = Mutex<[[String]: MetricSeries]>([:])

  init(_ definition: MetricDefinition) {
    self.definition = definition
    // One without labels is there from the start, with 0.
    if definition.labels.isEmpty { _ = series([]) }
  }

  /// The series of a label set, by the order of the definition's labels; a label that isn't given is empty.
  func series(_ dimensions: [(String, String)]) -> MetricSeries {
    var values = definition.labels.map { label in dimensions.first { $0.0 == label }?.1 ?? "" }
    return all.withLock { series in
      if let known = series[values] { return known }
      if series.count >= MetricsRegistry.mostSeries {
        values = values.map { _ in "other" }
        if let known = series[values] { return known }
      }
      let new = MetricSeries(buckets: definition.buckets)
      series[values] = new
      return new
    }
  }

  /// In a stable order.
  var snapshot: [(labels: [String], value: MetricSeries.Value)] {
    all.withLock { series in
      series.map { ($0.key, $0.value.value) }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
  }
}

extension MetricDefinition {
  var buckets: [Double] {
    guard case .histogram(let bounds) = kind else { return [] }
    return bounds
  }
}

/// One number, or one histogram. Which of its faces is used follows from the definition.
final class MetricSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  struct Value: Sendable {
    /// Of a histogram: the sum of what was observed.
    var number = 0.0
    /// Of a histogram: how many fell into each bucket, +Inf last. Not cumulative.
    var counts: [UInt64] = []
  }

  /// For what nobody declared.
  static let discarded = MetricSeries(buckets: [])

  private let buckets: [Double]
  private let state: Mutex<Value>

  init(buckets: [Double]) {
    self.buckets = buckets
    state = Mutex(Value(counts: buckets.isEmpty ? [] : Array(repeating: 0, count: buckets.count + 1)))
  }

  var value: Value { state.withLock { $0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { state.withLock { $0.number += amount } }
  func decrement(by amount: Double) { state.withLock { $0.number -= amount } }
  func reset() {}
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { state.withLock { $0.number = value } }
  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Double) {
    guard !buckets.isEmpty else { return set(value) }
    let index = buckets.firstIndex { value <= $0 } ?? buckets.count
    state.withLock { state in
      state.number += value
      state.counts[index] &+= 1
    }
  }
}
