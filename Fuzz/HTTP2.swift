import Logging

@testable import Router

/// What a client sends after its preface, and what a server sends to one that has asked for three things.
func fuzzHTTP2(_ bytes: [UInt8]) {
  for role in [HTTP2Session.Role.server, .client] {
    // While nothing is sent, nothing that is heard depends on where the bytes are cut.
    let whole = HTTP2Listener(role)
    whole.feed(bytes)
    let cut = HTTP2Listener(role)
    for piece in pieces(bytes) { cut.feed(piece) }
    // nghttp2 counts CONTINUATION frames by the calls that bring them: a connection may end a little earlier in pieces.
    let isSame = cut.problem != nil || whole.problem != nil || cut.comparable == whole.comparable
    require(isSame, "the same bytes in pieces are read differently: \(whole.told) and \(cut.told)")

    let answering = HTTP2Listener(role, answers: true)
    for piece in pieces(bytes) {
      answering.feed(piece)
      answering.send()
    }
    answering.announceEnd()
    answering.send()

    for stream in whole.heard.values where stream.hasEnded {
      switch role {
      case .server: forward(stream)
      case .client: answer(stream)
      }
    }
  }
}

private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
  var found: [[UInt8]] = []
  var rest = bytes[...]
  while let first = rest.first {
    found.append(Array(rest.prefix(1 + Int(first) % 29)))
    rest = rest.dropFirst(1 + Int(first) % 29)
  }
  return found
}

/// A request of HTTP/2 as it goes to a backend that speaks HTTP/1.1.
private func forward(_ stream: HTTP2Listener.Heard) {
  guard let fields = stream.heads.first else { return }
  var head = HTTPRequestHead()
  for field in fields {
    switch field.text {
    case ":method": head.method = String(decoding: field.value, as: UTF8.self)
    case ":path": head.target = String(decoding: field.value, as: UTF8.self)
    case ":authority": head.authority = String(decoding: field.value, as: UTF8.self)
    case ":scheme": break
    default: head.fields.append(field)
    }
  }
  if head.authority.isEmpty { head.authority = fields.values("host").first ?? "" }
  guard head.method != "CONNECT", !head.authority.isEmpty, HTTPRequestHead.isAuthority(head.authority),
    !head.hasStrangeTarget
  else { return }
  head.length = fields.length
  head.hasBody = !stream.headEndsStream
  let trailers = stream.heads.count > 1 ? stream.heads[stream.heads.count - 1] : []
  // HTTP/2 passes on any method, and what reads it again here knows some of them only.
  require(!head.method.isEmpty && head.method.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a method that is no word")
  if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(head.method) { head.method = "POST" }
  checkForwarding(head, body: stream.body, trailers: trailers)
}

private func answer(_ stream: HTTP2Listener.Heard) {
  guard let fields = stream.heads.first(where: { $0.status >= 200 }) else { return }
  var head = HTTPResponseHead(status: fields.status, fields: HTTPFields(), length: fields.length)
  for field in fields where field.text != ":status" { head.fields.append(field) }
  head.fields.removeHopByHop()
  checkAnswer(head, toHEAD: false, body: stream.body)
}

extension [HTTPPair] {
  fileprivate var status: Int { values(":status").first.flatMap { Int($0) } ?? 0 }
}

// MARK: A session and its user

/// Checks the order of what it hears, and remembers it.
private final class HTTP2Listener: HTTP2SessionUser {
  struct Heard: Equatable {
    /// Interim answers, the head, trailers.
    var heads: [[HTTPPair]] = []
    var body: [UInt8] = []
    var isInHead = false
    var headEndsStream = false
    var hasEnded = false
    var isClosed = false
  }

  private static let headLimit = 4096
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let role: HTTP2Session.Role
  private let answers: Bool
  private let output = Discarded()
  private var session: HTTP2Session?
  private(set) var heard: [Int32: Heard] = [:]
  private(set) var problem: String?

  init(_ role: HTTP2Session.Role, answers: Bool = false) {
    self.role = role
    self.answers = answers
    session = HTTP2Session(role, headLimit: Self.headLimit, user: self)
    switch role {
    case .server: feed(Self.preface)
    case .client:
      for (method, hasBody) in [("GET", false), ("POST", true), ("PUT", true)] { request(method, hasBody: hasBody) }
      send()
    }
  }

  private func request(_ method: String, hasBody: Bool) {
    var head = HTTPRequestHead()
    head.method = method
    head.target = "/"
    head.authority = "api.example"
    guard let stream = session?.request(head, fields: HTTPFields(), identity: HTTPFields(), hasBody: hasBody) else {
      return require(false, "a first request isn't taken")
    }
    heard[stream] = Heard()
    guard hasBody else { return }
    Array("body".utf8).withUnsafeBytes { session?.send(stream, body: $0) }
    if method == "POST" { session?.end(stream, nil) }
  }

  func feed(_ bytes: [UInt8]) {
    guard problem == nil else { return }
    problem = bytes.withUnsafeBytes { session?.receive($0) }
  }

  /// Of a body or a head that turns out to be wrong, more or less was heard before.
  var comparable: [Int32: Heard] {
    heard.mapValues { stream in
      var stream = stream
      if !stream.hasEnded { stream.body = [] }
      if stream.isInHead { stream.heads.removeLast() }
      return stream
    }
  }

  var told: String { "\(problem ?? "") \(comparable)" }

  func send() { session?.send(to: output.side) }

  func announceEnd() {
    session?.announceEnd()
    session?.goAway()
  }

  // MARK: Heard

  func session(_ session: HTTP2Session, beginsHead stream: Int32) {
    require(stream > 0, "a head on the connection itself")
    require(heard[stream]?.isClosed != true, "a head on a stream that is closed")
    heard[stream, default: Heard()].isInHead = true
    heard[stream]?.heads.append([])
  }

  func session(
    _ session: HTTP2Session, stream: Int32, foundField name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool {
    guard var found = heard[stream], found.isInHead, let last = found.heads.indices.last else {
      require(false, "a field outside a head")
      return false
    }
    let field = HTTPPair(name: Array(name), value: Array(value))
    let isPseudo = name.first == UInt8(ascii: ":")
    let plain = HTTPPair(name: isPseudo ? Array(field.name.dropFirst()) : field.name, value: field.value)
    require(plain.isWellFormed, "a field that would end its line")
    require(!field.isConnections && field.text != "keep-alive", "a field of one connection")
    if isPseudo {
      let known = role == .server ? [":method", ":scheme", ":authority", ":path"] : [":status"]
      require(known.contains(field.text), "\(field.text) is no pseudo field of a \(role)")
      require(!found.heads[last].contains { $0.name == field.name }, "\(field.text) comes twice")
      require(found.heads[last].allSatisfy { $0.text.hasPrefix(":") }, "a pseudo field after others")
    }
    found.heads[last].append(field)
    heard[stream] = found
    return found.heads[last].reduce(0) { $0 + $1.name.count + $1.value.count } <= Self.headLimit
  }

  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool) {
    guard let found = heard[stream], found.isInHead, let head = found.heads.last else {
      return require(false, "the end of a head that never began")
    }
    heard[stream]?.isInHead = false
    heard[stream]?.headEndsStream = endsStream && found.body.isEmpty && found.heads.count == 1
    switch role {
    case .server where found.heads.count == 1:
      for name in [":method", ":path", ":scheme"] where !head.contains(where: { $0.text == name }) {
        require(name != ":method" && head.contains { $0.text == ":method" && $0.value == Array("CONNECT".utf8) }, name)
      }
      if answers { answer(stream, session) }
    case .server: require(endsStream, "trailers that nothing ends")
    case .client: require(head.values(":status").count == 1 || found.heads.count > 1, "an answer without a status")
    }
  }

  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer) {
    guard let found = heard[stream] else { return require(false, "a body of a stream that nobody opened") }
    require(!found.heads.isEmpty && !found.isInHead && !found.hasEnded && !found.isClosed, "a body out of its place")
    heard[stream]?.body.append(contentsOf: bytes)
    session.consumed(stream, bytes.count)
  }

  func session(_ session: HTTP2Session, endsStream stream: Int32) {
    require(heard[stream]?.hasEnded == false, "an end that comes twice, or of nothing")
    heard[stream]?.hasEnded = true
    if answers, role == .server, stream % 8 == 5 { respond(stream, session, status: 200, body: "late") }
  }

  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool) { heard[stream]?.isClosed = true }

  func sessionIsEnding(_ session: HTTP2Session) {}

  // MARK: Answered

  /// In each way that there is, by the stream's number.
  private func answer(_ stream: Int32, _ session: HTTP2Session) {
    switch stream % 8 {
    case 1:
      session.respond(stream, HTTPResponseHead(status: 103, fields: HTTPFields(), length: nil), endsNow: false)
      respond(stream, session, status: 200, body: String(repeating: "x", count: 70_000))
    case 3: session.respond(stream, HTTPResponseHead(status: 204, fields: HTTPFields(), length: nil), endsNow: true)
    case 5: break
    default: session.fail(stream)
    }
  }

  private func respond(_ stream: Int32, _ session: HTTP2Session, status: Int, body: String) {
    var trailers = HTTPFields()
    trailers.add("grpc-status", "0")
    session.respond(stream, HTTPResponseHead(status: status, fields: HTTPFields(), length: nil), endsNow: false)
    Array(body.utf8).withUnsafeBytes { session.send(stream, body: $0) }
    session.end(stream, trailers)
  }
}

/// An end that takes everything and keeps nothing: it has no socket.
private final class Discarded {
  private static let worker: Worker = {
    let events = EventSink(
      logger: Logger(label: "fuzz"), access: .off, lines: LineWriter(2), records: HandshakeRecords())
    do throws(SystemCallError) {
      return try Worker(index: 0, events: events)
    } catch {
      fatalError("\(error)")
    }
  }()

  private let owner = SocketOwner(worker: Discarded.worker)
  let side: Side

  init() { side = Side(-1, owner: owner, worker: Discarded.worker) }
}
