import Foundation

/// Named figures, as scripts/bench reads them.
struct Measurement {
  var figures: [(name: String, value: Double)] = []

  mutating func add(_ name: String, _ value: Double) { figures.append((name, value)) }

  func print() {
    for (name, value) in figures { Swift.print("\(name) \(String(format: "%.4f", value))") }
  }
}

/// CPU seconds that this process has used: what else the machine does doesn't count. POSIX fixes the unit of `clock`.
func processCPU() -> Double { Double(clock()) / 1e6 }

private let started = ContinuousClock.now

/// Seconds since the start.
func wallClock() -> Double { (ContinuousClock.now - started) / .seconds(1) }

extension [Double] {
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    let middle = count / 2
    return count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
  }
}
