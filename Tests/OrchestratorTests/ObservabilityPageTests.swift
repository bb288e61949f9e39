import Foundation
import Testing

@testable import Orchestrator

@Suite("the page on health, metrics, logs and events")
struct ObservabilityPageTests {
  private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/operate/observability.md").standardizedFileURL

  @Test("every metric has its row, and no row is left of one that is gone")
  func metrics() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let table = try #require(text.components(separatedBy: "<!-- metrics: ").last?.components(separatedBy: "<!--").first)
    let rows = table.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(
      rows
        == MetricDefinition.all.map { metric in
          let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
          return "| `\(metric.name)` | \(metric.kind.word) | \(labels) | \(metric.help) |"
        })
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
