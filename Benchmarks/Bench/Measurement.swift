import Foundation

/// Named figures, as scripts/bench reads them.
struct Measurement {
  var figures: [(name: String, value: Double)] = []

  mutating func add(_ name: String, _ value: Double) { figures.append((name, value)) }

  func print() {
    for (name, value) in figures { Swift.print("\(name) \(String(format: "%.4f", value))") }
  }
}

/// CPU seconds that this thread has used: what else the machine does doesn't count.
func threadCPU() -> Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

/// CPU seconds that this process has used.
func processCPU() -> Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

func wallClock() -> Double { seconds(CLOCK_MONOTONIC) }

private func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

extension [Double] {
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    let middle = count / 2
    return count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
  }
}
