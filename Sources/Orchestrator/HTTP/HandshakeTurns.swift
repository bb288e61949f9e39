import NIOCore

/// Handshakes of one event loop that wait to begin: a few at a time, and the networks that they come from in turns, so
/// that one network's flood doesn't keep another's clients waiting. Every other turn is for networks that had none yet,
/// as in fair queueing of packets (RFC 8290 §1.3): whoever makes few handshakes hardly waits, and nobody waits for ever.
struct HandshakeTurns {
  /// How many begin before the loop serves its other connections again.
  static let atOnce = 2
  /// As long as those take: half of the computing is left for the connections that are open.
  static let pause: TimeAmount = .milliseconds(1)
  /// In this time ``atOnce`` may begin without waiting: they take about a fifth of it.
  private static let window: TimeAmount = .milliseconds(4)

  private var waiting: [[UInt8]: CircularBuffer<() -> Void>] = [:]
  private var newcomers = CircularBuffer<[UInt8]>()
  private var others = CircularBuffer<[UInt8]>()
  private var isForOthers = false
  private var windowEnd = NIODeadline.uptimeNanoseconds(0)
  private var begun = 0

  /// Whether there is so little to do that nothing has to wait; counts the one that is asked for.
  mutating func beginsAtOnce(at now: NIODeadline) -> Bool {
    if now >= windowEnd {
      windowEnd = now + Self.window
      begun = 0
    }
    guard begun < Self.atOnce else { return false }
    begun += 1
    return true
  }

  mutating func append(_ begin: @escaping () -> Void, from network: [UInt8]) {
    if waiting[network] == nil { newcomers.append(network) }
    waiting[network, default: []].append(begin)
  }

  /// The next one of the network whose turn it is.
  mutating func next() -> (() -> Void)? {
    let network = isForOthers ? others.popFirst() ?? newcomers.popFirst() : newcomers.popFirst() ?? others.popFirst()
    isForOthers.toggle()
    guard let network, let begin = waiting[network]?.popFirst() else { return nil }
    if waiting[network]?.isEmpty == true { waiting[network] = nil } else { others.append(network) }
    return begin
  }
}
