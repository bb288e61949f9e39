/// One look at one endpoint.
final class HealthProbe: UpstreamUser, HTTP1ParserUser, HTTP2SessionUser {
  let began: Int64
  /// Nil until it is over.
  private(set) var found: Bool?
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
    guard check.kind == .http else { return end(true) }
    guard let side = upstream.side else { return end(false) }
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
      return end(false)
    }
    session?.send(to: side)
  }

  func upstreamFailed(_ upstream: Upstream, _ failure: Upstream.Failure) { end(false) }

  func upstream(_ upstream: Upstream, isReady side: Side) {
    side.drain()
    while found == nil {
      switch side.read() {
      case .nothing: return session?.send(to: side) ?? ()
      case .end, .failed: return end(false)
      case .bytes(let bytes): take(bytes)
      }
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    if let session {
      if session.receive(bytes) != nil { end(false) }
      return
    }
    switch parser.parse(bytes) {
    case .malformed, .tooLarge: end(false)
    case .needsMore, .message, .upgraded: break
    }
  }

  private func answered(_ status: Int) {
    if status >= 200 { end(check.status.contains(status)) }
  }

  func end(_ isWell: Bool) {
    guard found == nil else { return }
    found = isWell
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

  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool) { end(false) }

  func session(_ session: HTTP2Session, beginsHead stream: Int32) {}
  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool) {}
  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer) {}
  func session(_ session: HTTP2Session, endsStream stream: Int32) {}
  func sessionIsEnding(_ session: HTTP2Session) {}
}
