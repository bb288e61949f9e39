import Glibc

/// One connection to a backend, from the choice of an endpoint to its end.
final class Upstream: SocketOwner, Judged {
  enum State {
    /// Asking means that the backend has to say first whether it speaks TLS.
    case connecting, asking, handshaking, ready, ended
  }

  enum Failure: Equatable {
    case connect(SystemCallError)
    case timedOut
    case noMemory
    case setup(TLSSetupError)
    /// The backend answered the question for TLS with something else than yes.
    case noTLS
    case side(SideFailure)
  }

  let cluster: ClusterState
  let endpoint: Endpoint
  private(set) var state = State.connecting
  private(set) var failure: Failure?
  /// Whether the backend may have heard something of its user.
  private(set) var wasReady = false
  /// When its user doesn't need it any more.
  private var restsUntil = Int64.max
  private let counters: ClusterCounters
  private let began: Int64
  /// Is told what becomes of it, and hears of its bytes, until it is closed.
  unowned var user: (any UpstreamUser)?
  private let purpose: Purpose
  private var opened: Side?
  /// Sent as soon as there is a connection, before TLS.
  private let preface: [UInt8]

  enum Purpose: Equatable {
    case traffic
    /// Counts for nothing but itself.
    case probe(withTLS: Bool)
  }

  init(
    to endpoint: Endpoint, of cluster: ClusterState, for user: (any UpstreamUser)?, preface: [UInt8] = [],
    worker: Worker, purpose: Purpose = .traffic
  ) {
    self.purpose = purpose
    self.cluster = cluster
    self.endpoint = endpoint
    self.user = user
    self.preface = preface
    counters = worker.counters.cluster(cluster.name)
    began = Worker.microseconds()
    super.init(worker: worker)
  }

  var side: Side? { opened }

  /// Begins to connect. The user is told how it went, and may be so before this returns.
  func connect() {
    if purpose == .traffic {
      endpoint.connectionBegins()
      counters.open += 1
    }
    let address = endpoint.location.address
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(address.family, type, 0)
    guard descriptor >= 0 else { return fail(.connect(SystemCallError("socket"))) }
    let side = Side(descriptor, owner: self, worker: worker)
    opened = side
    if address.isInternet {
      side.sendWithoutDelay()
      side.noticeSilence()
    }
    let result = address.withSystemAddress { Glibc.connect(descriptor, $0, $1) } ?? -1
    guard result == 0 || errno == EINPROGRESS else { return fail(.connect(SystemCallError("connect"))) }
    guard worker.watch(side) else { return fail(.connect(SystemCallError("epoll_ctl"))) }
    setTimer(worker.now + cluster.configuration.connectTimeout.milliseconds)
  }

  override func ready(_ side: Side) {
    switch state {
    case .connecting:
      guard side.isWritable else { return }
      if let error = side.socketError { return fail(.connect(SystemCallError("connect", number: error))) }
      connected(side)
    case .asking: hear(side)
    case .handshaking: handshake(side)
    case .ready: user?.upstream(self, isReady: side)
    case .ended: break
    }
  }

  private func connected(_ side: Side) {
    if !preface.isEmpty { preface.withUnsafeBytes { side.write($0) } }
    guard cluster.speaksTLS, purpose != .probe(withTLS: false) else { return becomeReady() }
    guard cluster.configuration.protocol == .postgres else { return startTLS(side) }
    state = .asking
    PostgresStart.sslRequestMessage.withUnsafeBytes { side.write($0) }
    hear(side)
  }

  /// The answer is one byte. More than that would have come from somebody in between, and would be taken for what came
  /// encrypted.
  private func hear(_ side: Side) {
    side.drain()
    switch side.read() {
    case .nothing: break
    case .bytes(let bytes) where bytes.count == 1 && bytes.first == PostgresAnswer.yes.rawValue: startTLS(side)
    case .bytes: fail(.noTLS)
    case .end, .failed: fail(.side(side.failure ?? .ended))
    }
  }

  private func startTLS(_ side: Side) {
    do throws(TLSSetupError) {
      guard let context = try cluster.context(for: endpoint.location.host), side.startTLS(context) else {
        return fail(.noMemory)
      }
    } catch {
      return fail(.setup(error))
    }
    state = .handshaking
    handshake(side)
  }

  private func handshake(_ side: Side) {
    switch side.handshake() {
    case .waiting: break
    case .failed: fail(side.failure.map { .side($0) } ?? .timedOut)
    case .done:
      if let refusal = side.admit() {
        side.refuse(refusal.alert)
        return fail(.side(.refused(refusal)))
      }
      // It may have begun under another trust than the one that holds now.
      if let newer = worker.snapshot, newer.cluster(named: cluster.name) !== cluster, let refusal = refusal(by: newer) {
        return fail(.side(.refused(refusal)))
      }
      becomeReady()
    }
  }

  // MARK: Trust

  /// Ends it where the backend's certificate doesn't hold any more.
  func judgeAgain(by newer: Snapshot) {
    guard state == .ready else { return }
    if let refusal = refusal(by: newer) { fail(.side(.refused(refusal))) }
  }

  private func refusal(by newer: Snapshot) -> PeerRefusal? {
    guard let side = opened, let verdict = side.verdict, let cluster = newer.cluster(named: cluster.name),
      let trust = (try? cluster.context(for: endpoint.location.host))?.trust
    else { return nil }
    let again = worker.verdicts.again(verdict, by: trust, at: worker.date)
    side.verdict = again
    return again.refusal
  }

  private func becomeReady() {
    state = .ready
    wasReady = true
    setDeadline()
    if purpose == .traffic, opened?.verdict != nil { worker.keepJudging(self) }
    if purpose == .traffic {
      endpoint.succeeded()
      counters.connected += 1
      counters.connectTime.add(Worker.microseconds() - began)
    }
    user?.upstreamIsReady(self)
  }

  // MARK: Time

  override func timerFired() {
    guard state == .ready else { return fail(.timedOut) }
    if worker.now >= restsUntil { return user?.upstreamIsUnused(self) ?? close() }
    if let until = opened?.verdict?.until, worker.date >= until, let snapshot = worker.snapshot {
      judgeAgain(by: snapshot)
    }
    if state == .ready { setDeadline() }
  }

  private func setDeadline() {
    var next = restsUntil
    if let until = opened?.verdict?.until { next = min(next, worker.moment(of: until)) }
    if next == .max { stopTimer() } else { setTimer(max(next, worker.now + 1)) }
  }

  /// The user is told when it has lain idle for so long.
  func rest(for milliseconds: Int64) {
    restsUntil = worker.now + milliseconds
    setDeadline()
  }

  func isUsedAgain() {
    restsUntil = .max
    setDeadline()
  }

  // MARK: The end

  private func fail(_ failure: Failure) {
    guard state != .ended else { return }
    self.failure = failure
    if purpose == .traffic { counters.fail(failure.code) }
    if purpose == .traffic, endpoint.failed(cluster.configuration.outlier, now: worker.now) {
      counters.ejected += 1
      worker.events.note("\(cluster.name): \(endpoint.location.address) is left out for a while: \(failure.message)")
    }
    let user = self.user
    close()
    user?.upstreamFailed(self, failure)
  }

  func close() {
    guard state != .ended else { return }
    state = .ended
    user = nil
    stopTimer()
    worker.stopJudging(self)
    opened?.close()
    if purpose == .traffic {
      endpoint.connectionEnds()
      counters.open -= 1
    }
    worker.keep(self)
  }
}

/// Who needs a connection to a backend.
protocol UpstreamUser: AnyObject {
  func upstreamIsReady(_ upstream: Upstream)
  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure)
  func upstream(_ upstream: Upstream, isReady side: Side)
  func upstreamIsUnused(_ upstream: Upstream)
}

extension UpstreamUser {
  func upstreamIsUnused(_ upstream: Upstream) {}
}

extension Upstream.Failure {
  var code: String {
    switch self {
    case .connect: "connect"
    case .timedOut: "timeout"
    case .noMemory, .setup: "setup"
    case .noTLS: "no-tls"
    case .side(.refused(let refusal)): refusal.code
    case .side(.tls(let failure)): failure.alert == nil ? "tls" : "alert"
    case .side: "cut"
    }
  }

  var message: String {
    switch self {
    case .connect(let error): error.description
    case .timedOut: "no connection in time"
    case .noMemory: "no memory for TLS"
    case .setup(let error): error.message
    case .noTLS: "the backend declined TLS"
    case .side(let failure): failure.message
    }
  }
}
