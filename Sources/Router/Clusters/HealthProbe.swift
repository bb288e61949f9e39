import Credentials

/// One look at one endpoint.
final class HealthProbe: UpstreamUser, HTTP1ParserUser, HTTP2SessionUser {
  enum Found: Equatable {
    case well
    /// And why.
    case ill(String)
  }

  let began: Int64
  /// Nil until it is over.
  private(set) var found: Found?
  private let check: HealthCheck
  private let upstream: Upstream
  private lazy var parser = HTTP1Parser(.response, headLimit: Self.headLimit)
  private var session: HTTP2Session?
  private static let headLimit = 64 << 10

  init(_ endpoint: Endpoint, of cluster: ClusterState, _ check: HealthCheck, worker: Worker) {
    self.check = check
    began = worker.now
    upstream = Upstream(
      to: endpoint, of: cluster, for: nil, worker: worker, purpose: .probe(withTLS: check.kind != .tcp))
    upstream.user = self
  }

  func begin() { upstream.connect() }

  func upstreamIsReady(_ upstream: Upstream) {
    guard check.kind == .http else { return end(.well) }
    guard let side = upstream.side else { return end(.ill("the connection is gone")) }
    if upstream.cluster.configuration.protocol == .http2 { askByHTTP2(side) } else { askByHTTP1(side) }
  }

  private var request: HTTPRequestHead {
    var request = HTTPRequestHead()
    request.method = "GET"
    request.target = check.path
    request.authority = upstream.cluster.configuration.tls?.name ?? upstream.endpoint.location.host ?? "localhost"
    request.fields.add("user-agent", "countersign")
    return request
  }

  private func askByHTTP1(_ side: Side) {
    parser.user = self
    let request = request
    var closes = HTTPFields()
    closes.add("connection", "close")
    var out = HTTP1Output()
    out.begin(request, fields: request.fields, identity: closes, isChunked: false)
    out.take { side.write($0) }
  }

  private func askByHTTP2(_ side: Side) {
    let request = request
    session = HTTP2Session(.client, headLimit: Self.headLimit, user: self)
    guard session?.request(request, fields: request.fields, identity: HTTPFields(), hasBody: false) != nil else {
      return end(.ill("it takes no request of HTTP/2"))
    }
    session?.send(to: side)
  }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) { end(.ill(failure.message)) }

  func upstream(_ upstream: Upstream, isReady side: Side) {
    side.drain()
    while found == nil {
      switch side.read() {
      case .nothing: return session?.send(to: side) ?? ()
      case .end, .failed: return end(.ill(side.failure?.message ?? "it ended the connection without an answer"))
      case .bytes(let bytes): take(bytes)
      }
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    if let session {
      if let problem = session.receive(bytes) { end(.ill("its answer isn't HTTP/2: \(problem)")) }
      return
    }
    switch parser.parse(bytes) {
    case .malformed(let problem): end(.ill("its answer can't be read: \(problem)"))
    case .tooLarge: end(.ill("its answer has too large a head"))
    case .needsMore, .message, .upgraded: break
    }
  }

  private func answered(_ status: Int) {
    guard status >= 200 else { return }
    let wanted = check.status.map(String.init).joined(separator: " or ")
    end(check.status.contains(status) ? .well : .ill("status \(status), and \(wanted) is wanted"))
  }

  /// It took longer than it may.
  func timeIsUp() {
    let missing =
      switch upstream.state {
      case .connecting: "connection"
      case .asking, .handshaking: "handshake"
      case .ready, .ended: "answer"
      }
    end(.ill("no \(missing) within \(check.timeout.operatorText)"))
  }

  /// Nobody waits for what it finds.
  func abandon() { end(.well) }

  private func end(_ found: Found) {
    guard self.found == nil else { return }
    self.found = found
    upstream.close()
  }

  // MARK: HTTP/1.1

  func parserFoundHead(_ parser: HTTP1Parser) { answered(parser.status) }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) {}

  func parserFoundEnd(_ parser: HTTP1Parser) {}

  // MARK: HTTP/2

  func session(
    _ session: HTTP2Session, stream: Int32, foundField name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool {
    if name.equals(":status") { answered(Int(String(decoding: value, as: UTF8.self)) ?? 0) }
    return true
  }

  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool) {
    end(.ill("it ended the request without an answer"))
  }

  func session(_ session: HTTP2Session, beginsHead stream: Int32) {}
  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool) {}
  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer) {}
  func session(_ session: HTTP2Session, endsStream stream: Int32) {}
  func sessionIsEnding(_ session: HTTP2Session) {}
}
