import Foundation
import Glibc

/// What the kernel knows of this process.
struct ProcessFacts {
  var cpuSeconds = 0.0
  var residentBytes = 0.0
  var openFiles = 0.0
  var mostFiles = 0.0
  /// Unix time.
  var startTime = 0.0

  /// What can't be read stays 0.
  static func current() -> ProcessFacts {
    var facts = ProcessFacts()
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    // The name, which may hold anything, ends at the last parenthesis: the fields are counted from the state, field 3.
    let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
    func field(_ number: Int) -> Double { fields.count > number - 3 ? Double(fields[number - 3]) ?? 0 : 0 }
    if ticks > 0 {
      facts.cpuSeconds = (field(14) + field(15)) / ticks
      facts.startTime = bootTime + field(22) / ticks
    }
    facts.residentBytes = field(24) * Double(sysconf(Int32(_SC_PAGESIZE)))
    facts.openFiles = Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    let limits = text("/proc/self/limits").split(separator: "\n").first { $0.hasPrefix("Max open files") }
    facts.mostFiles = limits?.split(separator: " ").dropFirst(3).first.flatMap { Double($0) } ?? 0
    return facts
  }

  private static let bootTime: Double = {
    let line = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
    return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
  }()

  /// /proc's files have no size to go by.
  private static func text(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
