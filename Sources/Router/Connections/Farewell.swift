/// A connection that is over, and kept until its peer has heard why.
///
/// A socket that is closed while its peer still sends is reset, and what was said last, an alert or an answer, may be lost
/// with it (RFC 9112 §9.6). So nothing more is said, and what comes is thrown away, for a while.
final class Farewell: SocketOwner {
  private let side: Side
  private var left = 1 << 20
  private static let patience: Int64 = 3000

  init(_ side: Side, worker: Worker) {
    self.side = side
    super.init(worker: worker)
    side.owner = self
  }

  func begin() {
    setTimer(worker.now + Self.patience)
    ready(side)
  }

  override func ready(_ side: Side) {
    side.drain()
    if !side.isCongested { side.sayNoMore() }
    guard let discarded = side.discard(upTo: left), discarded < left else { return end() }
    left -= discarded
  }

  override func timerFired() { end() }

  func end() {
    stopTimer()
    side.close()
    worker.hasEnded(self)
  }
}
