@testable import Router

/// Requests and answers of HTTP/1. The same bytes are the same messages however they are cut, and what is forwarded is
/// read as what was accepted.
func fuzzHTTP1(_ bytes: [UInt8]) {
  for (kind, skipsBody) in [(HTTP1Parser.Kind.request, false), (.response, false), (.response, true)] {
    func read(_ pieces: [ArraySlice<UInt8>], limit: Int) -> HTTP1Reader {
      let reader = HTTP1Reader(kind, headLimit: limit)
      if skipsBody { reader.expectNoBody() }
      for piece in pieces { reader.feed(piece) }
      reader.finish()
      return reader
    }
    for limit in [1 << 20, 512] {
      let whole = read([bytes[...]], limit: limit)
      for message in whole.messages {
        let size = message.head.reduce(message.target.count) { $0 + $1.name.count + $1.value.count }
        require(size <= limit, "a head beyond the limit was accepted")
        require((message.head + message.trailers).allSatisfy(\.isWellFormed), "a field that would end its line")
      }
      for pieces in [pieces(bytes), bytes.indices.map { bytes[$0...$0] }] {
        require(read(pieces, limit: limit).heard == whole.heard, "with \(limit) bytes, pieces are read differently")
      }
    }
    let reader = read([bytes[...]], limit: 1 << 20)
    for message in reader.messages where message.isWhole {
      switch kind {
      case .request: forward(message)
      // Only what answers HEAD is read that way.
      case .response where message == reader.messages.first || !skipsBody: answer(message, toHEAD: skipsBody)
      case .response: break
      }
    }
  }
}

/// Cut into sizes that the bytes say themselves.
private func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
  var found: [ArraySlice<UInt8>] = []
  var start = 0
  while start < bytes.count {
    let end = min(bytes.count, start + 1 + Int(bytes[start]) % 23)
    found.append(bytes[start..<end])
    start = end
  }
  return found
}

private func forward(_ message: HTTP1Reader.Message) {
  var request = HTTPRequestHead()
  request.method = message.method
  request.target = String(decoding: message.target, as: UTF8.self)
  request.fields = message.fields
  guard message.isVersion1, request.problem(minor: message.minor) == nil else { return }
  let head = request.completed(minor: message.minor)
  guard !head.hasStrangeTarget else { return }
  checkForwarding(head, body: message.body, trailers: message.trailers)
}

private func answer(_ message: HTTP1Reader.Message, toHEAD isHEAD: Bool) {
  var fields = message.fields
  guard message.isVersion1, message.status >= 100, !fields.hasUnknownLength else { return }
  fields.removeHopByHop()
  let head = HTTPResponseHead(status: message.status, fields: fields, length: message.head.length)
  checkAnswer(head, toHEAD: isHEAD, body: message.body)
}

// MARK: What is forwarded

private let identity = ForwardedIdentity(IdentityHeaders(named: [IdentityHeader(name: "X-Node", value: .commonName)]))

/// A request that was accepted, as a backend gets it by HTTP/1.1: read again, it is that one request and no other.
func checkForwarding(_ head: HTTPRequestHead, body: [UInt8], trailers: [HTTPPair]) {
  require(head.hasBody || body.isEmpty, "a body follows a head that has none")
  require(head.length.map { $0 == body.count } != false, "a body of another length than was said")
  for wanted in (head.upgrade ?? "").split(separator: ",") {
    require(!String(wanted).trimmed.lowercased().hasPrefix("h2"), "an upgrade to HTTP/2 is passed on")
  }

  var fields = head.fields
  fields.removeHopByHop()
  fields.remove { $0.equals("host") }
  identity.sanitize(&fields)
  require(!fields.pairs.contains { $0.claimsIdentity }, "a client says who it is")
  var own = HTTPFields()
  own.add("x-node", "robot")
  var forwardedTrailers = HTTPFields()
  for trailer in trailers { forwardedTrailers.append(trailer) }
  forwardedTrailers.removeHopByHop()
  identity.sanitize(&forwardedTrailers)

  let isChunked = head.hasBody && head.length == nil
  var out = HTTP1Output()
  out.begin(head, fields: fields, identity: own, isChunked: isChunked)
  body.withUnsafeBytes { out.append(body: $0, isChunked: isChunked) }
  if isChunked { out.endChunks(trailers.isEmpty ? nil : forwardedTrailers) }

  let again = HTTP1Reader(.request, headLimit: 1 << 21)
  again.feed(out.written[...])
  guard let message = again.onlyMessage else { return require(false, "one request was written, and isn't read as one") }
  require(message.method == head.method, "another method is read")
  require(message.target.elementsEqual(head.target.utf8), "another target is read")
  require(message.head.values("host") == [head.authority], "another host is read")
  require(message.isFramedOnce, "a length is said twice, or not at all")
  let told = message.head.filter { !$0.isConnections && $0.text != "host" }
  require(told == fields.pairs + own.pairs, "other fields are read")
  require(message.body == body, "another body is read")
  require(!isChunked || message.trailers == forwardedTrailers.pairs, "other trailers are read")

  var request = HTTPRequestHead()
  request.method = message.method
  request.target = head.target
  request.fields = message.fields
  require(request.problem(minor: 1) == nil, "a request is forwarded that would be refused")
  let completed = request.completed(minor: 1)
  require(completed.target == head.target && completed.authority == head.authority, "it asks for something else")
}

/// An answer that a backend gave, as a client gets it by HTTP/1.1.
func checkAnswer(_ answer: HTTPResponseHead, toHEAD isHEAD: Bool, body: [UInt8]) {
  // What is no final answer has no body, and what follows 101 is no HTTP.
  guard answer.status >= 200 else { return }
  var head = answer
  head.hasBody = !isHEAD && answer.status != 204 && answer.status != 304
  require(head.hasBody || body.isEmpty, "a body where none can be")
  require(!head.hasBody || head.length.map { $0 == body.count } != false, "a body of another length than was said")
  let isChunked = head.hasBody && head.length == nil
  var out = HTTP1Output()
  out.begin(head, isChunked: isChunked, closes: false)
  body.withUnsafeBytes { out.append(body: $0, isChunked: isChunked) }
  if isChunked { out.endChunks(nil) }

  let again = HTTP1Reader(.response, headLimit: 1 << 21)
  if isHEAD { again.expectNoBody() }
  again.feed(out.written[...])
  guard let message = again.onlyMessage else { return require(false, "one answer was written, and isn't read as one") }
  require(message.status == head.status, "another status is read")
  require(message.isFramedOnce, "a length is said twice, or not at all")
  require(message.head.filter { !$0.isConnections } == head.fields.pairs, "other fields are read")
  require(message.body == body, "another body is read")
}

// MARK: What is read

struct HTTPPair: Hashable {
  var name: [UInt8]
  var value: [UInt8]

  var text: String { String(decoding: name, as: UTF8.self) }

  /// What an HTTP/1.1 connection says for itself.
  var isConnections: Bool { ["transfer-encoding", "connection", "upgrade"].contains(text) }

  var claimsIdentity: Bool {
    ["x-node", "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-proto"]
      .contains(text.replacing("_", with: "-"))
  }

  /// A token in lower case (RFC 9110 §5.6.2), and nothing that would end a line.
  var isWellFormed: Bool {
    let isToken = name.allSatisfy { byte in
      (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
    return !name.isEmpty && isToken && !value.contains { $0 == 0 || $0 == 10 || $0 == 13 }
  }
}

extension [HTTPPair] {
  func values(_ name: String) -> [String] {
    filter { $0.text == name }.map { String(decoding: $0.value, as: UTF8.self) }
  }

  var length: Int? { values("content-length").first.flatMap { Int($0) } }
}

extension HTTPFields {
  var pairs: [HTTPPair] {
    fields.map { withField($0) { HTTPPair(name: Array($0), value: Array($1)) } }
  }

  mutating func append(_ pair: HTTPPair) {
    pair.name.withUnsafeBytes { append(name: $0) }
    pair.value.withUnsafeBytes { append(value: $0) }
    endField()
  }
}

extension HTTP1Output {
  /// All that would be sent.
  var written: [UInt8] {
    var copy = self
    var bytes: [UInt8] = []
    copy.take { bytes.append(contentsOf: $0) }
    return bytes
  }
}

/// Reads as the router does, and remembers what it was told.
final class HTTP1Reader: HTTP1ParserUser {
  struct Message: Equatable {
    var method = ""
    var target: [UInt8] = []
    var status = 0
    var isVersion1 = false
    var minor = 0
    var keepsAlive = false
    var head: [HTTPPair] = []
    var body: [UInt8] = []
    var trailers: [HTTPPair] = []
    var isWhole = false

    var fields: HTTPFields {
      var fields = HTTPFields()
      for pair in head { fields.append(pair) }
      return fields
    }

    /// At most one of Content-Length and Transfer-Encoding, and one where there is a body.
    var isFramedOnce: Bool {
      let said = head.count { ["content-length", "transfer-encoding"].contains($0.text) }
      return said == 1 || said == 0 && body.isEmpty
    }
  }

  /// All that must not depend on where the bytes are cut.
  struct Heard: Equatable {
    var messages: [Message] = []
    /// Too large or malformed: what is both is found to be the one or the other first.
    var hasFailed = false
    var mayEnd = false
  }

  private let parser: HTTP1Parser
  private(set) var heard = Heard()

  init(_ kind: HTTP1Parser.Kind, headLimit: Int) {
    parser = HTTP1Parser(kind, headLimit: headLimit)
    parser.user = self
  }

  var messages: [Message] { heard.messages }

  /// The message, where all bytes are one whole message.
  var onlyMessage: Message? {
    guard !heard.hasFailed, messages.count == 1 else { return nil }
    return messages.first { $0.isWhole }
  }

  func expectNoBody() { parser.expectNoBody() }

  func feed(_ piece: ArraySlice<UInt8>) {
    var rest = piece
    var stalls = 0
    while !rest.isEmpty, !heard.hasFailed {
      switch rest.withUnsafeBytes({ parser.parse($0) }) {
      case .needsMore: return
      case .message(let used), .upgraded(let used):
        require((0...rest.count).contains(used), "more was used than there is")
        stalls = used == 0 ? stalls + 1 : 0
        require(stalls < 4, "nothing is used, again and again")
        rest = rest.dropFirst(used)
      case .tooLarge: heard.hasFailed = true
      case .malformed(let what):
        require(!what.isEmpty, "an error says nothing")
        heard.hasFailed = true
      }
    }
  }

  /// The peer has ended.
  func finish() {
    if !heard.hasFailed { heard.mayEnd = parser.finish() }
  }

  func parserFoundHead(_ parser: HTTP1Parser) {
    require(messages.last?.isWhole != false, "a head begins within a message")
    heard.messages.append(
      Message(
        method: parser.method, target: parser.target, status: parser.status,
        isVersion1: parser.isVersion1, minor: parser.minor, keepsAlive: parser.keepsAlive,
        head: parser.fields.pairs))
  }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) {
    require(messages.last?.isWhole == false, "a body without a head")
    heard.messages[heard.messages.count - 1].body.append(contentsOf: bytes)
  }

  func parserFoundEnd(_ parser: HTTP1Parser) {
    require(messages.last?.isWhole == false, "an end without a head")
    heard.messages[heard.messages.count - 1].isWhole = true
    if parser.isInTrailers { heard.messages[heard.messages.count - 1].trailers = parser.fields.pairs }
  }
}
