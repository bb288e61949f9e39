/// What the poller hands its news to.
class PollTarget {
  func ready(_ readiness: Poller.Readiness) {}
}

/// Who owns sockets and a timer: a client's connection, or one to a backend. A class, not a protocol, because each event
/// of the data plane goes through it.
class SocketOwner {
  let worker: Worker
  private var timer: Int32?

  init(worker: Worker) { self.worker = worker }

  func ready(_ side: Side) {}

  func timerFired() {}

  /// Why a peer that its chain's verdict lets in isn't let in here.
  func refusal(of verdict: PeerVerdict) -> PeerRefusal? { nil }

  func setTimer(_ deadline: Int64) {
    if let timer { worker.timers.move(timer, to: deadline) } else { timer = worker.timers.start(self, at: deadline) }
  }

  /// Has to be called before it goes.
  func stopTimer() {
    if let timer { worker.timers.stop(timer) }
    timer = nil
  }
}
