import NIOCore

/// Handshakes of one event loop that wait to begin: a few at a time, and the networks that they come from in turns, so
/// that one network's flood doesn't keep another's clients waiting.
struct HandshakeTurns {
  /// How many begin before the loop serves its other connections again.
  static let atOnce = 4
  /// Long enough that the loop gets to them, short beside the handshakes themselves.
  static let pause: TimeAmount = .microseconds(50)
  /// In this time ``atOnce`` may begin without waiting.
  private static let window: TimeAmount = .milliseconds(2)

  private var waiting: [[UInt8]: CircularBuffer<() -> Void>] = [:]
  private var order = CircularBuffer<[UInt8]>()
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
    if waiting[network, default: []].isEmpty { order.append(network) }
    waiting[network, default: []].append(begin)
  }

  /// The next one of the network whose turn it is.
  mutating func next() -> (() -> Void)? {
    guard let network = order.popFirst(), let begin = waiting[network]?.popFirst() else { return nil }
    if waiting[network]?.isEmpty == true { waiting[network] = nil } else { order.append(network) }
    return begin
  }
}
