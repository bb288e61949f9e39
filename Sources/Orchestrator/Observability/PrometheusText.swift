/// Prometheus' text exposition format, version 0.0.4.
package enum PrometheusText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  package static func encode(_ registry: MetricsRegistry) -> String {
    var text = ""
    for family in registry.families { append(family, to: &text) }
    return text
  }

  private static func append(_ family: MetricFamily, to text: inout String) {
    let definition = family.definition
    text += "# HELP \(definition.name) \(escaped(definition.help, isValue: false))\n"
    text += "# TYPE \(definition.name) \(definition.kind.word)\n"
    for (values, value) in family.snapshot {
      let labels = zip(definition.labels, values).map { "\($0)=\"\(escaped($1, isValue: true))\"" }
      guard case .histogram(let bounds) = definition.kind else {
        text += line(definition.name, labels, value.number)
        continue
      }
      var sum: UInt64 = 0
      for (bound, count) in zip(bounds.map(number) + ["+Inf"], value.counts) {
        sum &+= count
        text += line("\(definition.name)_bucket", labels + ["le=\"\(bound)\""], Double(sum))
      }
      text += line("\(definition.name)_sum", labels, value.number)
      text += line("\(definition.name)_count", labels, Double(sum))
    }
  }

  private static func line(_ name: String, _ labels: [String], _ value: Double) -> String {
    "\(name)\(labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") \(number(value))\n"
  }

  /// Whole numbers without a fraction, as far as a double holds them exactly.
  private static func number(_ value: Double) -> String {
    guard value == value.rounded(), abs(value) < 9e15 else { return "\(value)" }
    return "\(Int64(value))"
  }

  private static func escaped(_ text: String, isValue: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where isValue: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension MetricDefinition.Kind {
  fileprivate var word: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}
