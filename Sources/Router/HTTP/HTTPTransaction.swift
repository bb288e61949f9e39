import Credentials
import Foundation

/// One request and its answer: from a client's stream to a backend's and back, whichever versions of HTTP they speak.
final class HTTPTransaction {
  let connection: Connection
  private unowned let client: any HTTPClientStream
  let request: HTTPRequestHead
  private var backend: (any HTTPBackendStream)?
  /// The connection that it waits for, until there is a backend.
  var attempt: (any HTTPBackendAttempt)?
  /// What came of the body before a backend was there.
  private var early = PendingBytes()
  private var hasWholeRequest = false
  private var trailers: HTTPFields?
  private var bodyWasSent = false
  private var received = 0
  private var sent = 0
  private(set) var status: Int?
  private(set) var isDone = false
  private var cluster: ClusterState?
  private var rule: String?
  private var recordID: String?
  /// Where it went last.
  var chosen: Endpoint?
  var endpoint: SocketAddress? { chosen?.location.address }
  private(set) var attempts = 0
  /// Endpoints that failed it.
  var tried: [Endpoint] = []
  private let began = Worker.microseconds()
  /// When the backend was given something last, or said something.
  private var waitsSince: Int64 = 0
  private var worker: Worker { connection.worker }

  init(_ request: HTTPRequestHead, on connection: Connection, for client: any HTTPClientStream) {
    self.request = request
    self.connection = connection
    self.client = client
  }

  // MARK: The decision

  func begin() {
    let listener = connection.listener
    if request.hasStrangeTarget { return refuse(400, "the target is no path") }
    if let admin = listener.admin { return admin.answer(self) }
    let goesByPath = listener.routes.contains { $0.configuration.path != nil }
    if goesByPath, let ambiguity = request.ambiguity { return refuse(400, ambiguity) }
    if let length = request.length, let limit = listener.limits.body, length > limit {
      return refuse(413, "the body is larger than \(limit) bytes")
    }
    guard let route = listener.routes.first(where: { $0.configuration.takes(request) }) else {
      guard let cluster = listener.cluster else { return refuse(404, "no route for \(request.host)\(request.path)") }
      // Where only routes allow somebody, nobody is allowed beside them.
      if let refusal = refusal(by: IdentityRules()) { return refuse(refusal, by: IdentityRules()) }
      return send(to: cluster)
    }
    let rules = route.configuration.rules
    if let refusal = refusal(by: rules) { return refuse(refusal, by: rules) }
    send(to: route.cluster)
  }

  /// A route's rules hold beside those of its listener, which let the connection in.
  private func refusal(by rules: IdentityRules) -> PeerRefusal? {
    guard connection.listener.configuration.clients != nil else { return nil }
    guard let peer = connection.client.verdict?.peer else { return PeerRefusal(.noCertificate) }
    switch rules.decide(peer) {
    case .allowed(let rule):
      self.rule = rule
      connection.counters.decided(rule, isAllowed: true)
      return nil
    case .refused(let rule): return PeerRefusal(.denied(rule: rule))
    case .unmatched:
      // Where a route allows nobody by itself, the listener's word is enough, if it gave one.
      if rules.allow.isEmpty, let listener = connection.listener.rules, case .allowed(let rule) = listener.decide(peer)
      {
        self.rule = rule
        return nil
      }
      return PeerRefusal(.unmatched)
    }
  }

  private func send(to cluster: ClusterState) {
    self.cluster = cluster
    attempts += 1
    worker.backends.stream(to: cluster, for: self)
  }

  // MARK: The request's body

  /// Whether the client shall wait before it sends more.
  var isCongested: Bool { backend.map(\.isCongested) ?? !early.isEmpty }

  func body(_ bytes: UnsafeRawBufferPointer) {
    guard !isDone else { return }
    received += bytes.count
    connection.lastActivity = worker.now
    if let limit = connection.listener.limits.body, received > limit {
      guard status == nil else {
        cancel()
        return client.abort()
      }
      return refuse(413, "the body is larger than \(limit) bytes")
    }
    guard let backend else { return early.append(bytes) }
    bodyWasSent = true
    backend.send(body: bytes)
    backendHasTurn()
  }

  func endOfBody(_ trailers: HTTPFields?) {
    guard !isDone else { return }
    hasWholeRequest = true
    self.trailers = trailers.map(forwardedTrailers)
    backend?.end(self.trailers)
    backendHasTurn()
  }

  /// The client has gone, or has given up this request.
  func cancel() {
    guard !isDone else { return }
    finish()
    leaveBackend()
  }

  private func leaveBackend() {
    backend?.cancel()
    let attempt = self.attempt
    self.attempt = nil
    attempt?.isAbandoned(by: self)
  }

  /// The backend takes more of the request.
  func clientStreamWantsMore() {
    guard !isDone else { return }
    waitsSince = worker.now
    // It was the backend's turn, and the client's begins anew.
    connection.lastActivity = worker.now
    client.wantsMoreBody()
  }

  /// The client takes more again: the backend may go on.
  func clientTakesMore() { backend?.goOn() }

  // MARK: The backend

  func backendIsReady(_ backend: any HTTPBackendStream) {
    attempt = nil
    guard !isDone else { return backend.cancel() }
    self.backend = backend
    early.take { bytes in
      if !bytes.isEmpty {
        bodyWasSent = true
        backend.send(body: bytes)
      }
      return bytes.count
    }
    if hasWholeRequest { backend.end(trailers) }
    backendHasTurn()
    client.wantsMoreBody()
  }

  /// - Parameter isUnused: the backend can't have seen the request.
  func backendFailed(_ code: String, _ message: String, isUnused: Bool) {
    attempt = nil
    guard !isDone else { return }
    backend = nil
    if status == nil, let cluster, attempts <= cluster.configuration.retries,
      request.isRepeatable || isUnused && !bodyWasSent,
      cluster.current.contains(where: { endpoint in !tried.contains { $0 === endpoint } })
    {
      return send(to: cluster)
    }
    if status != nil {
      finish()
      return client.abort()
    }
    // Who the backends are and what is wrong with them is for the log.
    let status =
      switch code {
      case "timeout", Self.answerTimeout: 504
      case "none": 503
      default: 502
      }
    refuse(status, message, detail: nil)
  }

  // MARK: Its patience with the backend

  /// When the backend has to have begun its answer, if it is to do something: it has the whole request, or takes no more
  /// of it.
  var deadline: Int64 {
    guard !isDone, status == nil, let backend, hasWholeRequest || backend.isCongested,
      let limit = cluster?.answerTimeout
    else { return .max }
    return waitsSince + limit
  }

  private func backendHasTurn() {
    waitsSince = worker.now
    let deadline = self.deadline
    if deadline < .max { client.waits(until: deadline) }
  }

  func deadlinePassed() {
    guard worker.now >= deadline, let cluster, let limit = cluster.configuration.answerTimeout else { return }
    worker.counters.cluster(cluster.name).fail(Self.answerTimeout)
    // Also where the connection was there before: it works on the request, and shall not get it twice.
    if let chosen, !tried.contains(where: { $0 === chosen }) { tried.append(chosen) }
    backend?.giveUp()
    let place = endpoint?.description ?? cluster.name
    backendFailed(Self.answerTimeout, "\(place): no answer within \(limit.operatorText)", isUnused: false)
  }

  private static let answerTimeout = "answer-timeout"

  /// An interim answer, such as 100 (Continue), is passed on and another follows.
  func response(_ head: HTTPResponseHead) {
    guard !isDone else { return }
    connection.lastActivity = worker.now
    waitsSince = worker.now
    if head.status >= 200 || head.status == 101 { status = head.status }
    client.send(head)
  }

  func response(body bytes: UnsafeRawBufferPointer) {
    guard !isDone else { return }
    sent += bytes.count
    connection.lastActivity = worker.now
    client.send(body: bytes)
  }

  func endOfResponse(_ trailers: HTTPFields?) {
    guard !isDone else { return }
    finish()
    client.end(trailers)
  }

  /// The client isn't asked once it may be gone.
  var clientIsCongested: Bool { !isDone && client.isCongested }

  // MARK: The end

  /// Answers in the place of a backend.
  func refuse(_ status: Int, _ reason: String) { refuse(status, reason, detail: reason) }

  /// By rules, whose record leads to all that is known; the client is told its ID and no more.
  private func refuse(_ refusal: PeerRefusal, by rules: IdentityRules) {
    if refusal.isByRule { connection.counters.decided(refusal.rule, isAllowed: false) }
    recordID = worker.events.refused(self, refusal, by: rules)
    refuse(403, refusal.message, detail: nil)
  }

  private func refuse(_ status: Int, _ reason: String, detail: String?) {
    guard !isDone, self.status == nil else { return }
    self.status = status
    leaveBackend()
    let problem = HTTPProblem(status: status, detail: detail, id: recordID)
    finish(reason)
    sendOwn(problem.head, problem.body)
  }

  private func sendOwn(_ head: HTTPResponseHead, _ body: [UInt8]) {
    var head = head
    // What answers HEAD says how long the body would be (RFC 9110 §9.3.2).
    head.hasBody = head.hasBody && request.method != "HEAD"
    client.send(head)
    if head.hasBody, !body.isEmpty { body.withUnsafeBytes { client.send(body: $0) } }
    client.end(nil)
  }

  /// Answers in its own name.
  func answer(_ status: Int, _ type: String?, _ body: [UInt8]) {
    guard !isDone, self.status == nil else { return }
    self.status = status
    var fields = HTTPFields()
    if let type { fields.add("content-type", type) }
    if status != 204 { fields.add("content-length", String(body.count)) }
    finish()
    sendOwn(HTTPResponseHead(status: status, fields: fields, length: body.count, hasBody: status != 204), body)
  }

  private func finish(_ reason: String? = nil) {
    isDone = true
    connection.count(received: received)
    connection.count(sent: sent)
    let took = Worker.microseconds() - began
    connection.counters.answered(status ?? 499, in: took)
    if let cluster {
      let counters = worker.counters.cluster(cluster.name)
      counters.received += sent
      counters.sent += received
    }
    worker.events.answered(
      on: connection, isRefusal: reason != nil,
      RequestFacts(
        transaction: self, status: status, reason: reason, id: recordID, cluster: cluster?.name, rule: rule,
        received: received, sent: sent, microseconds: took))
  }
}

/// A client's end of a transaction.
protocol HTTPClientStream: AnyObject {
  func send(_ head: HTTPResponseHead)
  func send(body: UnsafeRawBufferPointer)
  func end(_ trailers: HTTPFields?)
  /// The answer can't become whole: the client has to notice.
  func abort()
  /// More of the request can be taken.
  func wantsMoreBody()
  /// The transaction is to be asked then whether its deadline has passed.
  func waits(until deadline: Int64)
  var isCongested: Bool { get }
}

/// A backend's end of a transaction. The request's head is sent when it is made.
protocol HTTPBackendStream: AnyObject {
  func send(body: UnsafeRawBufferPointer)
  func end(_ trailers: HTTPFields?)
  func cancel()
  /// The same for want of an answer.
  func giveUp()
  /// The client takes more again.
  func goOn()
  var isCongested: Bool { get }
}

/// A connection that is still to come.
protocol HTTPBackendAttempt: AnyObject {
  /// The transaction doesn't wait any more.
  func isAbandoned(by transaction: HTTPTransaction)
}

struct HTTPResponseHead {
  var status: Int
  /// Names in lower case.
  var fields: HTTPFields
  /// How long the body is; nil where that isn't known.
  var length: Int?
  var hasBody = true
}

/// What the router itself answers (RFC 9457).
struct HTTPProblem {
  let status: Int
  /// Not given where it would tell a stranger about rules.
  let detail: String?
  /// The record of the refusal.
  let id: String?

  var body: [UInt8] {
    var line = LogLine()
    line.add("type", "about:blank")
    line.add("title", HTTPStatus.phrase(status))
    line.add("status", status)
    line.add("detail", detail)
    line.add("id", id)
    return line.ended()
  }

  var head: HTTPResponseHead {
    var fields = HTTPFields()
    let length = body.count
    fields.add("content-type", "application/problem+json")
    fields.add("content-length", String(length))
    return HTTPResponseHead(status: status, fields: fields, length: length)
  }
}

enum HTTPStatus {
  static func phrase(_ status: Int) -> String {
    switch status {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 103: "Early Hints"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 203: "Non-Authoritative Information"
    case 205: "Reset Content"
    case 206: "Partial Content"
    case 300: "Multiple Choices"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 407: "Proxy Authentication Required"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 423: "Locked"
    case 424: "Failed Dependency"
    case 425: "Too Early"
    case 426: "Upgrade Required"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 451: "Unavailable For Legal Reasons"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    case 511: "Network Authentication Required"
    default: ""
    }
  }
}
