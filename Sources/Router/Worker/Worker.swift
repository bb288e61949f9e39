import Foundation
import Glibc
internal import LinuxCalls
import Synchronization

/// One thread that accepts, decides and forwards. Everything here belongs to that thread; others reach it by ``post(_:)``.
package final class Worker: @unchecked Sendable {
  package let index: Int
  let bytes = TLSBytes()
  /// Plaintext on its way from one side to the other.
  let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: TLSBytes.inputCapacity + (64 << 10), alignment: 64)
  /// What nobody wants to have. It goes nowhere else, since it may come while somebody reads what another side brought.
  let waste = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
  var verdicts = VerdictCache()
  var timers: TimerWheel
  let counters = WorkerCounters()
  let events: EventSink
  /// Milliseconds of a clock that nobody sets.
  private(set) var now: Int64
  private(set) var date: Date

  private(set) var snapshot: Snapshot?
  private(set) lazy var backends = BackendPool(worker: self)
  private lazy var health = HealthChecks(worker: self)
  /// Live as long as they are here: connections to backends that are shared.
  private var held: [ObjectIdentifier: AnyObject] = [:]
  /// Have something to send at the end of this round.
  private var unsent: [any Flushable] = []
  /// Those whose turn it is.
  private var sending: [any Flushable] = []
  private let poller: Poller
  private let wake: Wake
  private var sockets: [String: ListeningSocket] = [:]
  private(set) var connections: [ObjectIdentifier: Connection] = [:]
  /// Connections that are over, and wait for their peers to have heard why.
  private var farewells: [ObjectIdentifier: Farewell] = [:]
  private static let mostFarewells = 1000
  /// Closed in this round: the poller may still hold what it has to say of them.
  private var ended: [AnyObject] = []
  /// Had their share of this round, and have more to do.
  private var unfinished: [any Resumable] = []
  private var goingOn: [any Resumable] = []
  /// Connections to backends that showed a certificate.
  private var verified: [ObjectIdentifier: Upstream] = [:]
  /// Are still to be held against the newest snapshot: some in each round, since others shall be served meanwhile.
  private var unjudged: ArraySlice<any Judged> = []
  private static let judgedAtOnce = 64
  private var paused: [(socket: ListeningSocket, until: Int64)] = []
  private var isStopping = false
  private var stopDeadline = Int64.max
  private let mail = Mutex<[@Sendable (Worker) -> Void]>([])

  package init(index: Int, events: EventSink) throws(SystemCallError) {
    self.index = index
    self.events = events
    poller = try Poller()
    wake = try Wake()
    now = Self.monotonic()
    date = Date()
    timers = TimerWheel(now: now)
  }

  deinit {
    scratch.deallocate()
    waste.deallocate()
  }

  /// Runs something on the worker's thread, soon.
  package func post(_ message: @escaping @Sendable (Worker) -> Void) {
    let isFirst = mail.withLock { mail in
      mail.append(message)
      return mail.count == 1
    }
    if isFirst { wake.signal() }
  }

  // MARK: The loop

  /// Runs until it is stopped and all connections have ended.
  package func run() {
    _ = linux_name_thread("worker-\(index)")
    try? poller.add(wake.descriptor, .reading, owner: Unmanaged<PollTarget>.passUnretained(wake).toOpaque())
    while !(isStopping && connections.isEmpty) {
      let patience = !unfinished.isEmpty || !unjudged.isEmpty ? 0 : connections.isEmpty ? 500 : Int32(TimerWheel.tick)
      let found = poller.wait(patience)
      readClocks()
      poller.forEach(found) { readiness in
        Unmanaged<PollTarget>.fromOpaque(readiness.owner).takeUnretainedValue().ready(readiness)
      }
      finishRound()
    }
  }

  private func readClocks() {
    now = Self.monotonic()
    date = Date()
  }

  private func finishRound() {
    if wake.takeSignal() { readMail() }
    flushAll()
    swap(&unfinished, &goingOn)
    for one in goingOn {
      one.waitsForItsTurn = false
      one.goOn()
    }
    goingOn.removeAll(keepingCapacity: true)
    judgeSome()
    flushAll()
    for owner in timers.due(now) { owner.timerFired() }
    goOnAccepting()
    if index == 0, !isStopping, let snapshot { health.look(snapshot.clusters) }
    if isStopping, now >= stopDeadline {
      for connection in connections.values { connection.close(.drained) }
    }
    flushAll()
    ended.removeAll(keepingCapacity: true)
  }

  private func flushAll() {
    while !unsent.isEmpty {
      swap(&unsent, &sending)
      for one in sending {
        one.isQueued = false
        one.flush()
      }
      sending.removeAll(keepingCapacity: true)
    }
  }

  /// What one event brings goes out with one call.
  func flushLater(_ one: any Flushable) {
    guard !one.isQueued else { return }
    one.isQueued = true
    unsent.append(one)
  }

  func hold(_ object: AnyObject) { held[ObjectIdentifier(object)] = object }

  func letGo(_ object: AnyObject) {
    guard held.removeValue(forKey: ObjectIdentifier(object)) != nil else { return }
    ended.append(object)
  }

  private func readMail() {
    let messages = mail.withLock { mail in
      defer { mail = [] }
      return mail
    }
    for message in messages { message(self) }
  }

  private static func monotonic() -> Int64 { microseconds() / 1000 }

  static func microseconds() -> Int64 { linux_microseconds() }

  /// When to look whether a date has come. The calendar's clock may be set: it is looked at now and then.
  func moment(of date: Date) -> Int64 {
    guard date != .distantFuture else { return .max }
    let left = max(0, date.timeIntervalSince(self.date) * 1000)
    return now + Int64(min(left, 30_000))
  }

  // MARK: Listeners

  /// Puts another snapshot in force.
  ///
  /// - Parameter bound: sockets of listeners that are new or have another address, by the listener's name.
  package func take(_ snapshot: Snapshot, bound: [String: Int32]) {
    self.snapshot = snapshot
    backends.keepOnly(snapshot.clusters)
    let names = Set(snapshot.listeners.map(\.name))
    for (name, socket) in sockets where !names.contains(name) || bound[name] != nil {
      retire(socket)
      sockets[name] = nil
    }
    for listener in snapshot.listeners {
      if let socket = sockets[listener.name] {
        socket.listener = listener
      } else if let descriptor = bound[listener.name] {
        listen(descriptor, listener)
      }
    }
    verdicts.keepOnly(snapshot.trusts)
    unjudged = (connections.values.map { $0 as any Judged } + verified.values.map { $0 as any Judged })[...]
  }

  private func judgeSome() {
    guard !unjudged.isEmpty, let snapshot else { return }
    for one in unjudged.prefix(Self.judgedAtOnce) { one.judgeAgain(by: snapshot) }
    unjudged = unjudged.dropFirst(Self.judgedAtOnce)
    if unjudged.isEmpty { unjudged = [] }
  }

  /// Has it judged again whenever something else holds, until it is closed.
  func keepJudging(_ upstream: Upstream) { verified[ObjectIdentifier(upstream)] = upstream }

  func stopJudging(_ upstream: Upstream) { verified[ObjectIdentifier(upstream)] = nil }

  private func listen(_ descriptor: Int32, _ listener: ListenerState) {
    let socket = ListeningSocket(descriptor, listener: listener, worker: self)
    sockets[listener.name] = socket
    watch(socket)
  }

  private func retire(_ socket: ListeningSocket) {
    poller.remove(socket.descriptor)
    ended.append(socket)
  }

  /// Leaves a socket alone for a moment: it would be told again at once, and nothing would have changed.
  func cannotAccept(_ error: SystemCallError, on socket: ListeningSocket) {
    events.problem("no connection can be taken: \(error)")
    poller.remove(socket.descriptor)
    paused.append((socket, now + 500))
  }

  private func goOnAccepting() {
    guard let first = paused.first, first.until <= now else { return }
    let due = paused.filter { $0.until <= now }
    paused.removeAll { $0.until <= now }
    for (socket, _) in due where sockets[socket.listener.name] === socket { watch(socket) }
  }

  private func watch(_ socket: ListeningSocket) {
    do {
      try poller.add(
        socket.descriptor, socket.listener.sharesSocket ? [.accepting, .exclusive] : .accepting,
        owner: Unmanaged<PollTarget>.passUnretained(socket).toOpaque())
    } catch {
      events.problem("\(socket.listener.name) doesn't listen: \(error)")
    }
  }

  func accepted(_ descriptor: Int32, from address: SocketAddress, listener: ListenerState) {
    let counters = counters.listener(listener.name)
    counters.accepted += 1
    guard listener.gauges.take(limit: listener.limits.connections) else {
      counters.refuse("too-many-connections")
      events.turnedAway(address, listener: listener, "too-many-connections", at: date)
      // Nothing is said to one connection too many, since that would take as long as serving it.
      Glibc.close(descriptor)
      return
    }
    let connection = Connection(descriptor, from: address, listener: listener, counters: counters, worker: self)
    connections[ObjectIdentifier(connection)] = connection
    counters.open += 1
    guard watch(connection.client) else { return connection.close(.failed("epoll")) }
    connection.begin()
  }

  // MARK: Connections

  func watch(_ side: Side) -> Bool {
    do {
      try poller.add(
        side.descriptor, [.reading, .writing, .changes], owner: Unmanaged<PollTarget>.passUnretained(side).toOpaque())
      return true
    } catch {
      return false
    }
  }

  func retire(_ connection: Connection) {
    connections[ObjectIdentifier(connection)] = nil
    ended.append(connection)
  }

  /// - Returns: false where that many are being said already that one more is too many.
  func sayFarewell(to side: Side) -> Bool {
    guard side.isOpen, !isStopping, farewells.count < Self.mostFarewells else { return false }
    let farewell = Farewell(side, worker: self)
    farewells[ObjectIdentifier(farewell)] = farewell
    farewell.begin()
    return true
  }

  func hasEnded(_ farewell: Farewell) {
    farewells[ObjectIdentifier(farewell)] = nil
    ended.append(farewell)
  }

  /// How much one may read before the others have their turn.
  static let share = 256 << 10

  func continueLater(_ one: any Resumable) {
    guard !one.waitsForItsTurn else { return }
    one.waitsForItsTurn = true
    unfinished.append(one)
  }

  /// Keeps it until what the poller has told is done with.
  func keep(_ object: AnyObject) { ended.append(object) }

  /// Takes no more connections, and waits for those that are open.
  package func stop(within milliseconds: Int64) {
    guard !isStopping else { return }
    for socket in sockets.values { retire(socket) }
    sockets = [:]
    isStopping = true
    backends.closeAll()
    stopDeadline = now + milliseconds
    for connection in connections.values { connection.isToEndSoon() }
  }
}

/// Goes on in the next round.
protocol Resumable: AnyObject {
  var waitsForItsTurn: Bool { get set }
  func goOn()
}

/// Was let in by what held then.
protocol Judged: AnyObject {
  func judgeAgain(by newer: Snapshot)
}

/// Gathers what it sends.
protocol Flushable: AnyObject {
  var isQueued: Bool { get set }
  func flush()
}

/// Wakes a worker that waits for its sockets.
private final class Wake: PollTarget, @unchecked Sendable {
  let descriptor: Int32
  private var wasSignalled = false

  init(_: Void = ()) throws(SystemCallError) {
    descriptor = linux_event_counter()
    guard descriptor >= 0 else { throw SystemCallError("eventfd") }
  }

  deinit { close(descriptor) }

  func signal() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  override func ready(_ readiness: Poller.Readiness) {
    var count: UInt64 = 0
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    wasSignalled = true
  }

  func takeSignal() -> Bool {
    defer { wasSignalled = false }
    return wasSignalled
  }
}
