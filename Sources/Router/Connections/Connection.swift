import Diagnosis
import Foundation

/// A client's connection, from its first byte to its last: what comes before TLS, the handshake, the decision, and then
/// what its listener is for.
final class Connection: SocketOwner, Resumable, Judged {
  private enum Stage {
    /// Something in plain text comes first.
    case preface
    case handshake
    case serving
    case closed
  }

  let address: SocketAddress
  /// As the newest snapshot has it.
  private(set) var listener: ListenerState
  let counters: ListenerCounters
  /// Those that it was counted in, whatever becomes of the listener.
  private let gauges: ListenerGauges
  private(set) var facts = ConnectionFacts()
  private var stage = Stage.preface
  private var preface: Preface
  private var opened: Side?
  private var exchange: (any Exchange)?
  private var identity: String?
  /// What it counts as in metrics.
  private var counted: String?
  /// What backends are told of the client, as long as the listener and the verdict are these.
  private var forwarded: (listener: ListenerState, verdict: PeerVerdict?, fields: HTTPFields)?
  private var timerDeadline = Int64.max
  var waitsForItsTurn = false
  var lastActivity: Int64

  init(
    _ descriptor: Int32, from address: SocketAddress, listener: ListenerState, counters: ListenerCounters,
    worker: Worker
  ) {
    self.address = address
    self.listener = listener
    self.counters = counters
    gauges = listener.gauges
    preface = Preface(listener.configuration, from: address)
    lastActivity = worker.now
    super.init(worker: worker)
    facts.began = Worker.microseconds()
    opened = Side(descriptor, owner: self, worker: worker)
  }

  /// There from the beginning to the end.
  var client: Side { opened ?? Side(-1, owner: self, worker: worker) }

  /// Who the client is: where a proxy in front says so, whom it names.
  var clientAddress: SocketAddress { facts.proxy?.source.flatMap { SocketAddress($0) } ?? address }

  func begin() {
    if address.isInternet { client.sendWithoutDelay() }
    setTimer(worker.now + listener.limits.handshakeTimeout.milliseconds)
    if let limit = listener.limits.handshakesPerSecond,
      !gauges.mayHandshake(perSecond: limit, now: worker.now)
    {
      return close(.limit("handshakes-per-second"))
    }
    if let refusal = preface.refusal { return close(.malformed(refusal)) }
    if preface.isDone { startHandshake() }
  }

  override func ready(_ side: Side) {
    lastActivity = worker.now
    switch stage {
    case .preface: readPreface()
    case .handshake: handshake()
    case .serving: exchange?.clientIsReady()
    case .closed: break
    }
  }

  // MARK: Before TLS

  private func readPreface() {
    while stage == .preface {
      switch client.read() {
      case .nothing: return
      case .end, .failed: return close(.client(client.failure ?? .ended))
      case .bytes(let bytes):
        switch preface.take(bytes) {
        case .needsMore: continue
        case .malformed(let what): return close(.malformed(what))
        case .refused(let answer, let what):
          answer.withUnsafeBytes { client.write($0) }
          return close(.malformed(what))
        case .answer(let answer): answer.withUnsafeBytes { client.write($0) }
        case .done(let rest):
          rest.withUnsafeBytes { client.unread($0) }
          facts.proxy = preface.proxy
          startHandshake()
        }
      }
    }
  }

  private func startHandshake() {
    guard let context = listener.tls else { return serve() }
    stage = .handshake
    guard client.startTLS(context) else { return close(.failed("no memory for TLS")) }
    handshake()
  }

  // MARK: The handshake and the decision

  private func handshake() {
    switch client.handshake() {
    case .waiting: return
    case .failed:
      facts.verdict = client.verdict
      if case .refused(let refusal)? = client.failure { return close(.refused(refusal)) }
      if case .tls(let failure)? = client.failure, failure.lacksCertificate {
        return close(.refused(PeerRefusal(.noCertificate)))
      }
      return close(.client(client.failure ?? .ended))
    case .done: break
    }
    facts.agreement = client.agreement
    if let refusal = client.admit() ?? refusalByNewerTrust() {
      facts.verdict = client.verdict
      client.refuse(refusal.alert)
      return close(.refused(refusal))
    }
    facts.verdict = client.verdict
    facts.handshake = Worker.microseconds() - facts.began
    counters.completed(in: facts.handshake, resumed: facts.agreement?.isResumed ?? false)
    if let limit = listener.limits.perIdentity, let peer = client.verdict?.peer {
      let whole = peer.uris.first ?? (peer.subject.isEmpty ? peer.label : peer.subject)
      guard gauges.take(identity: whole, limit: limit) else { return close(.limit("per-identity")) }
      identity = whole
    }
    serve()
  }

  override func refusal(of verdict: PeerVerdict) -> PeerRefusal? {
    guard let rules = listener.rules, let peer = verdict.peer else { return nil }
    switch rules.decide(peer) {
    case .allowed(let rule):
      facts.rule = rule
      return nil
    case .refused(let rule):
      facts.rule = rule
      return PeerRefusal(.denied(rule: rule))
    case .unmatched:
      // Routes that have rules of their own decide for each request.
      return listener.routes.contains { !$0.configuration.rules.allow.isEmpty } && rules.allow.isEmpty
        ? nil : PeerRefusal(.unmatched)
    }
  }

  /// Holds it against another snapshot: what it was let in by may hold no longer.
  func judgeAgain(by newer: Snapshot) {
    guard stage != .closed, let listener = newer.listener(named: listener.name) else { return }
    self.listener = listener
    guard stage == .serving else { return }
    _ = isStillGood()
  }

  /// Ends it where its client isn't let in any more.
  private func isStillGood() -> Bool {
    guard let refusal = refusalNow() else { return true }
    client.refuse(refusal.alert)
    close(.refused(refusal))
    return false
  }

  private func refusalNow() -> PeerRefusal? {
    guard let trust = listener.tls?.trust else { return nil }
    // It was let in by a listener that asked nobody for a certificate then.
    guard let verdict = client.verdict else { return PeerRefusal(.noCertificate) }
    let again = worker.verdicts.again(verdict, by: trust, at: worker.date)
    client.verdict = again
    return again.refusal ?? refusal(of: again)
  }

  /// What was trusted when the handshake began, may not be trusted when it ends.
  private func refusalByNewerTrust() -> PeerRefusal? { client.context === listener.tls ? nil : refusalNow() }

  // MARK: Serving

  private func serve() {
    stage = .serving
    facts.wasServed = true
    counted = counters.begins(client.verdict?.peer?.label)
    if let rule = facts.rule { counters.decided(rule, isAllowed: true) }
    let exchange = makeExchange()
    self.exchange = exchange
    setDeadline()
    exchange.begin()
  }

  private func makeExchange() -> any Exchange {
    guard listener.configuration.protocol == .http else { return Tunnel(self, first: preface.hello) }
    return facts.agreement?.applicationProtocol == "h2" ? HTTP2Exchange(self) : HTTP1Exchange(self)
  }

  /// What the exchange waits for has another deadline.
  func deadlineChanged() {
    if let exchange { deadlineChanged(to: exchange.deadline) }
  }

  func deadlineChanged(to deadline: Int64) {
    if stage == .serving, deadline < timerDeadline { setDeadline() }
  }

  private func setDeadline() {
    var next = listener.limits.idle.map { lastActivity + $0.milliseconds } ?? Int64.max
    next = min(next, exchange?.deadline ?? .max)
    if let until = client.verdict?.until { next = min(next, worker.moment(of: until)) }
    timerDeadline = max(next, worker.now + 1)
    if next == Int64.max { stopTimer() } else { setTimer(timerDeadline) }
  }

  override func timerFired() {
    switch stage {
    case .preface, .handshake: close(.handshakeTimeout)
    case .closed: break
    case .serving:
      if let verdict = client.verdict, worker.date >= verdict.until {
        if worker.date >= verdict.end { return close(.certificateExpired) }
        guard isStillGood() else { return }
      }
      if let idle = listener.limits.idle, worker.now - lastActivity >= idle.milliseconds { return close(.idle) }
      if let exchange, worker.now >= exchange.deadline { exchange.deadlinePassed() }
      guard stage == .serving else { return }
      setDeadline()
    }
  }

  /// Where it had its share of a round before.
  func goOn() {
    if stage == .serving { exchange?.clientIsReady() }
  }

  func isToEndSoon() { exchange?.isToEndSoon() }

  func note(cluster: String, endpoint: SocketAddress) {
    facts.cluster = cluster
    facts.endpoint = endpoint
  }

  func count(received: Int) { facts.received += received }
  func count(sent: Int) { facts.sent += sent }

  func forwardedIdentity() -> HTTPFields {
    if let forwarded, forwarded.listener === listener, forwarded.verdict === client.verdict { return forwarded.fields }
    let fields = listener.forwarded.fields(of: self)
    forwarded = (listener, client.verdict, fields)
    return fields
  }

  /// What a backend that reads the PROXY protocol is told of the client; nothing where it doesn't.
  func proxyHeader(for cluster: ClusterState) -> [UInt8] {
    guard cluster.configuration.sendsProxyHeader else { return [] }
    return facts.proxyHeader(of: address, to: client.localAddress).encoded()
  }

  // MARK: The end

  func close(_ end: ConnectionEnd) {
    guard stage != .closed else { return }
    stage = .closed
    stopTimer()
    exchange?.close()
    if !end.leavesWords || client.inputHasEnded || !worker.sayFarewell(to: client) { client.close() }
    gauges.giveBack()
    if let identity { gauges.giveBack(identity: identity) }
    if case .refused(let refusal) = end, refusal.isByRule { counters.decided(refusal.rule, isAllowed: false) }
    counters.ended(end, facts, as: counted)
    worker.events.ended(self, end)
    worker.retire(self)
  }
}

/// What is remembered of a connection for its line in the log.
struct ConnectionFacts {
  /// Microseconds of a clock that nobody sets.
  var began: Int64 = 0
  /// How long the handshake took; zero when it wasn't completed.
  var handshake: Int64 = 0
  var verdict: PeerVerdict?
  var rule: String?
  /// Whether it was let in.
  var wasServed = false
  var agreement: TLSAgreement?
  var proxy: ProxyHeader?
  var cluster: String?
  var endpoint: SocketAddress?
  var received = 0
  var sent = 0
}

/// What goes on on a connection once its client is let in.
protocol Exchange: AnyObject {
  /// When the client has to be done with what it does.
  var deadline: Int64 { get }
  func deadlinePassed()
  func begin()
  func clientIsReady()
  /// The router stops: nothing new shall begin.
  func isToEndSoon()
  func close()
}
