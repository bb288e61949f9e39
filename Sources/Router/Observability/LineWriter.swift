import Foundation
import Glibc
import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that whoever reads slowly holds up nobody.
package final class LineWriter: @unchecked Sendable {
  private static let most = 4 << 20
  private let descriptor: Int32
  private let condition = NSCondition()
  private var waiting: [UInt8] = []
  private var isEnding = false
  private var hasEnded = false
  private let droppedCount = Atomic<Int>(0)

  /// How many lines were not written because too many waited.
  package var dropped: Int { droppedCount.load(ordering: .relaxed) }

  /// Counts one that can't be written elsewhere.
  package func drop() { droppedCount.add(1, ordering: .relaxed) }

  package init(_ descriptor: Int32) {
    self.descriptor = descriptor
    Thread.detachNewThread { [self] in run() }
  }

  package func append(_ line: [UInt8]) {
    condition.lock()
    defer { condition.unlock() }
    guard waiting.count + line.count <= Self.most else {
      droppedCount.add(1, ordering: .relaxed)
      return
    }
    waiting.append(contentsOf: line)
    if waiting.count == line.count { condition.signal() }
  }

  /// Waits until all is written.
  package func end() {
    condition.lock()
    isEnding = true
    condition.signal()
    while !hasEnded { condition.wait() }
    condition.unlock()
  }

  private func run() {
    while true {
      condition.lock()
      while waiting.isEmpty, !isEnding { condition.wait() }
      let lines = waiting
      waiting = []
      if lines.isEmpty {
        hasEnded = true
        condition.broadcast()
        condition.unlock()
        return
      }
      condition.unlock()
      write(lines)
    }
  }

  private func write(_ lines: [UInt8]) {
    var rest = lines[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // Nobody reads any more: the router goes on without its log.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
