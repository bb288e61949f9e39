import Foundation
import Glibc

/// A line on a terminal that shows how far something has come; nothing where nobody watches.
struct ProgressBar {
  private let what: String
  private let total: Int
  private var done = 0
  private var shown = -1
  private let isVisible: Bool

  init(_ what: String, total: Int, console: Console) {
    self.what = what
    self.total = max(total, 1)
    // A few are there before a line could be read.
    isVisible = isatty(STDERR_FILENO) == 1 && !console.isQuiet && total >= 20
  }

  mutating func advance(by count: Int = 1) {
    done += count
    let percent = min(100, done * 100 / total)
    guard isVisible, percent != shown else { return }
    shown = percent
    let filled = percent * 30 / 100
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 30 - filled)
    FileHandle.standardError.write(Data("\r[\(bar)] \(done)/\(total) \(what)".utf8))
  }

  /// Takes the line away.
  func finish() {
    if isVisible, shown >= 0 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
