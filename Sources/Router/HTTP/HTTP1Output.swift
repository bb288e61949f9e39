/// Messages of HTTP/1.1 on their way out (RFC 9112), gathered so that one event makes one write.
struct HTTP1Output {
  static let flushAt = 64 << 10
  private var bytes: [UInt8] = []

  var count: Int { bytes.count }
  var isEmpty: Bool { bytes.isEmpty }

  mutating func take(_ body: (UnsafeRawBufferPointer) -> Void) {
    guard !bytes.isEmpty else { return }
    bytes.withUnsafeBytes { body($0) }
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.flushAt)
  }

  /// Gives back what an idle connection doesn't need.
  mutating func release() { if bytes.isEmpty { bytes = [] } }

  mutating func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

  /// - Parameter identity: fields that tell who the client is.
  mutating func begin(_ request: HTTPRequestHead, fields: HTTPFields, identity: HTTPFields, isChunked: Bool) {
    append(request.method)
    bytes.append(Self.space)
    append(request.target)
    append(" HTTP/1.1\r\nhost: ")
    append(request.authority)
    append("\r\n")
    append(fields)
    append(identity)
    if isChunked { append("transfer-encoding: chunked\r\n") }
    if let upgrade = request.upgrade {
      append("connection: upgrade\r\nupgrade: ")
      append(upgrade)
      append("\r\n")
    }
    append("\r\n")
  }

  mutating func begin(_ response: HTTPResponseHead, isChunked: Bool, closes: Bool) {
    append("HTTP/1.1 ")
    append(String(response.status))
    bytes.append(Self.space)
    append(HTTPStatus.phrase(response.status))
    append("\r\n")
    append(response.fields)
    if isChunked { append("transfer-encoding: chunked\r\n") }
    if closes { append("connection: close\r\n") }
    append("\r\n")
  }

  mutating func append(body: UnsafeRawBufferPointer, isChunked: Bool) {
    guard !body.isEmpty else { return }
    if isChunked {
      append(String(body.count, radix: 16))
      append("\r\n")
    }
    bytes.append(contentsOf: body)
    if isChunked { append("\r\n") }
  }

  mutating func endChunks(_ trailers: HTTPFields?) {
    append("0\r\n")
    if let trailers { append(trailers) }
    append("\r\n")
  }

  private mutating func append(_ fields: HTTPFields) {
    fields.bytes.withUnsafeBytes { all in
      for field in fields.fields {
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: all[field.name]))
        append(": ")
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: all[field.value]))
        append("\r\n")
      }
    }
  }

  private mutating func append(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private static let space = UInt8(ascii: " ")
}
