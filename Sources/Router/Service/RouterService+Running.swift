import Foundation
import Logging
import Synchronization

extension RouterService {
  /// Milliseconds between attempts to put in force what couldn't be: the reason may pass without any file changing.
  private static let patience: Int64 = 10_000

  /// Serves until ``stop()``, and then until all connections have ended or their time is over.
  package func run() {
    for worker in workers {
      finished.enter()
      let thread = Thread { [finished] in
        worker.run()
        finished.leave()
      }
      thread.name = "worker-\(worker.index)"
      thread.stackSize = 1 << 20
      thread.start()
    }
    // Apart from each other: names and lists are asked for on the network, and may take minutes.
    Thread.detachNewThread { [self] in followFiles() }
    Thread.detachNewThread { [self] in followNames() }
    Thread.detachNewThread { [self] in followLists() }
    finished.wait()
    lines.end()
  }

  package func stop() {
    let drain = state.withLock { state in
      state.isStopping = true
      return state.snapshot?.configuration.drain ?? .zero
    }
    logger.info("stopping", metadata: ["drain": "\(drain)"])
    for worker in workers { worker.post { $0.stop(within: drain.milliseconds) } }
  }

  /// Tells when every worker has taken its turn.
  package func pulse(_ whenAllAnswered: @escaping @Sendable () -> Void) {
    let missing = Countdown(workers.count)
    for worker in workers {
      worker.post { _ in if missing.step() { whenAllAnswered() } }
    }
  }

  // MARK: What is looked at

  /// - Returns: after a second, whether to go on.
  private func goesOn() -> Bool {
    Thread.sleep(forTimeInterval: 1)
    return !state.withLock { $0.isStopping }
  }

  private func followFiles() {
    while goesOn() {
      let hasChanged = watch.withLock { $0.hasChanged() }
      if isDue() || hasChanged { try? reload(isAsked: false) }
      guard let snapshot = state.withLock({ $0.snapshot }) else { continue }
      stale.withLock { $0.tell(of: snapshot, at: Date(), logger) }
    }
  }

  /// Whether there is something to put in force although no file has changed.
  private func isDue() -> Bool {
    let now = Self.milliseconds()
    return state.withLock { state in
      let hasNewLists = state.hasNewLists
      // Should they not come in force now, they do when it is tried again.
      state.hasNewLists = false
      return hasNewLists || state.refusal.map { now - $0.at >= Self.patience } ?? false
    }
  }

  private func followNames() {
    var seconds = 0
    while goesOn() {
      seconds += 1
      let clusters = state.withLock { $0.snapshot?.clusters ?? [] }
      let due = clusters.filter { seconds % max(1, Int($0.configuration.resolve.components.seconds)) == 0 }
      let names = Set(due.flatMap(\.configuration.endpoints).filter(\.isName))
      guard !names.isEmpty else { continue }
      let answers = Resolver.all(names, by: Resolver.locations)
      // Between two reloads, since one takes over what is known at its beginning.
      applying.withLock { _ in
        let clusters = state.withLock { $0.snapshot?.clusters ?? [] }
        for cluster in clusters { cluster.take(answers) }
        unresolved.withLock { $0.tell(of: clusters, isNew: false, logger) }
      }
    }
  }

  private func followLists() {
    var seconds = 0
    while goesOn() {
      seconds += 1
      guard seconds % RevocationFetcher.interval == 0 else { continue }
      let urls = state.withLock { $0.snapshot?.configuration.revocationURLs ?? [] }
      if lists.fetch(urls) { state.withLock { $0.hasNewLists = true } }
    }
  }
}

private final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  /// - Returns: whether that was the last.
  func step() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
