import Foundation
import Glibc

/// Signals that are waited for. From here on they do nothing by themselves, and none is lost: one that comes before
/// somebody waits is kept.
///
/// Has to be made before a second thread is started. What libdispatch offers begins to listen a moment after it is asked
/// to, and what comes in that moment is lost.
struct AwaitedSignals {
  private let set: sigset_t

  init(_ numbers: Int32...) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    self.set = set
  }

  /// - Parameter body: is called for each, one after the other.
  func deliver(to body: @escaping @Sendable (Int32) -> Void) {
    let thread = Thread { [set] in
      var waited = set
      while true {
        var number: Int32 = 0
        if sigwait(&waited, &number) == 0 { body(number) }
      }
    }
    thread.name = "signals"
    thread.start()
  }
}
