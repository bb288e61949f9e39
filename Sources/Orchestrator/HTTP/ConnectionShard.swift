import Foundation
import NIOCore

/// The connections of one event loop, and their deadlines. One look at all of them in a second is cheaper than a timer
/// for each: those have to be set and taken back with each request.
final class ConnectionShard {
  let executor: EventLoopExecutor
  private let loop: any EventLoop
  private let limits: TransportLimits
  private let clock: @Sendable () -> Date
  private var watches: [Int: ConnectionWatch] = [:]
  private var nextID = 0
  /// In the order of their beginning; some have ended since.
  private var waiting = CircularBuffer<Int>()
  private var handshaking = CircularBuffer<Int>()
  private var handshakes = 0
  private var sweeps: RepeatedTask?
  private var turns = HandshakeTurns()
  private var isTakingTurns = false

  init(loop: any EventLoop, limits: TransportLimits, clock: @escaping @Sendable () -> Date) {
    self.loop = loop
    executor = EventLoopExecutor(loop)
    self.clock = clock
    self.limits = limits
  }

  func insert(_ watch: ConnectionWatch) {
    nextID += 1
    watch.id = nextID
    watches[nextID] = watch
    if watch.isHandshaking {
      waiting.append(nextID)
      dropEnded(&waiting)
    }
    if sweeps == nil { beginSweeping() }
  }

  func remove(_ watch: ConnectionWatch) {
    guard watches.removeValue(forKey: watch.id) != nil else { return }
    if watch.phase == .handshaking { handshakes -= 1 }
    if watches.isEmpty {
      sweeps?.cancel()
      sweeps = nil
      waiting.removeAll()
      handshaking.removeAll()
    }
  }

  /// Begins a handshake, at once or when it is its turn. Each costs computing: a flood of them would keep the connections
  /// that are open from being served, so only some begin before the loop looks at all its connections again.
  func takeTurn(from network: [UInt8], _ begin: @escaping () -> Void) {
    guard isTakingTurns || !turns.beginsAtOnce(at: .now()) else { return begin() }
    turns.append(begin, from: network)
    guard !isTakingTurns else { return }
    isTakingTurns = true
    takeTurnsSoon()
  }

  private func takeTurnsSoon() {
    let bound = NIOLoopBound(self, eventLoop: loop)
    // Not at once: the loop runs all tasks that are due before it looks at its connections.
    loop.scheduleTask(in: HandshakeTurns.pause) { bound.value.takeTurns() }
  }

  private func takeTurns() {
    for _ in 0..<HandshakeTurns.atOnce {
      guard let begin = turns.next() else {
        isTakingTurns = false
        return
      }
      begin()
    }
    takeTurnsSoon()
  }

  /// A handshake began: the oldest handshake makes room where there are too many.
  func began(_ watch: ConnectionWatch) {
    handshakes += 1
    handshaking.append(watch.id)
    dropEnded(&handshaking)
    if handshakes > limits.handshakesPerLoop { oldest(of: &handshaking)?.makeRoom() }
  }

  func ended(_ watch: ConnectionWatch) {
    if watch.phase == .handshaking { handshakes -= 1 }
  }

  /// Gives up the oldest connection of this loop whose handshake is not completed.
  ///
  /// - Returns: whether there was one.
  func crowdOutOldest() -> Bool {
    guard let watch = oldest(of: &waiting) else { return false }
    watch.makeRoom()
    return true
  }

  private func oldest(of queue: inout CircularBuffer<Int>) -> ConnectionWatch? {
    while let id = queue.popFirst() {
      if let watch = watches[id], watch.isHandshaking { return watch }
    }
    return nil
  }

  private func dropEnded(_ queue: inout CircularBuffer<Int>) {
    while let first = queue.first, watches[first]?.isHandshaking != true { queue.removeFirst() }
  }

  private func beginSweeping() {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let interval = limits.sweepInterval
    sweeps = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.sweep() }
  }

  private func sweep() {
    let now = NIODeadline.now()
    let date = clock()
    for watch in watches.values { watch.look(at: now, date) }
  }
}
