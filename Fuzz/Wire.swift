import Router

/// The header of a proxy in front. What is read can be written, and is read as the same.
func fuzzProxy(_ bytes: [UInt8]) {
  for versions in [ProxyHeader.Versions.any, .v2Only] {
    func read(_ bytes: [UInt8]) -> Parsing<ProxyHeader> {
      bytes.withUnsafeBytes { ProxyHeader.parse($0, accepting: versions) }
    }
    checkBeginnings(of: bytes, limit: ProxyHeader.maximumLength, read)
    guard case .parsed(let header, length: _) = read(bytes) else { continue }
    for checksum in [false, true] {
      let written = header.encoded(checksum: checksum)
      require(written.count <= ProxyHeader.maximumLength, "a header beyond the limit was written")
      require(read(written) == .parsed(header, length: written.count), "a header that was written is read differently")
    }
  }
}

/// What a TLS client says first. It is the same in however many records it comes.
func fuzzClientHello(_ bytes: [UInt8]) {
  func read(_ bytes: [UInt8]) -> Parsing<ClientHello> {
    bytes.withUnsafeBytes { ClientHello.parse($0) }
  }
  checkBeginnings(of: bytes, limit: ClientHello.maximumLength, read)
  guard case .parsed(let hello, let length) = read(bytes) else { return }
  require(hello.serverName.map { (1...255).contains($0.utf8.count) } != false, "a server name beyond the limit")
  require(hello.serverName?.contains("..") != true, "a server name with an empty label")
  require(hello.serverName == hello.serverName?.lowercased(), "a server name in upper case")
  require(hello.applicationProtocols.count <= 64, "too many protocols")

  var message: [UInt8] = []
  var rest = bytes[..<length]
  while rest.count > 5 {
    let header = Array(rest.prefix(5))
    let fragment = rest.dropFirst(5).prefix(Int(header[3]) << 8 | Int(header[4]))
    message += fragment
    rest = rest.dropFirst(5 + fragment.count)
  }
  let size = message.count / 16 + 1
  var again: [UInt8] = []
  for start in stride(from: 0, to: message.count, by: size) {
    let fragment = message[start..<min(start + size, message.count)]
    again += [22, 3, 3, UInt8(fragment.count >> 8), UInt8(fragment.count & 0xFF)]
    again += fragment
  }
  require(read(again) == .parsed(hello, length: again.count), "a hello in other records is read differently")
}

/// What a client of PostgreSQL says first.
func fuzzPostgresStart(_ bytes: [UInt8]) {
  func read(_ bytes: [UInt8]) -> Parsing<PostgresStart> {
    bytes.withUnsafeBytes { PostgresStart.parse($0) }
  }
  guard case .parsed(let start, let length) = read(bytes), start != .directTLS else {
    require(read(bytes) != .needsMore || bytes.count < PostgresStart.maximumLength, "a message beyond the limit")
    return
  }
  require((8...PostgresStart.maximumLength).contains(length), "a length beyond the limits")
  if start == .sslRequest || start == .gssEncryptionRequest {
    require(length == bytes.count, "bytes didn't wait for the answer")
  }
  checkBeginnings(of: bytes, limit: PostgresStart.maximumLength, read)
}

/// What is parsed is parsed from its own bytes alone, and from no beginning of them; what isn't is bounded.
private func checkBeginnings<Value: Equatable>(
  of bytes: [UInt8], limit: Int, _ read: ([UInt8]) -> Parsing<Value>
) {
  switch read(bytes) {
  case .needsMore:
    require(bytes.count < limit, "more is waited for than the limit allows")
  case .malformed:
    break
  case .parsed(let value, let length):
    require(length > 0 && length <= min(limit, bytes.count), "a length beyond the bytes")
    require(read(Array(bytes[..<length])) == .parsed(value, length: length), "what follows changes what is read")
    for cut in [0, 1, 4, 5, 6, 9, 12, 13, 15, 16, length / 2, length - 2, length - 1] where 0 <= cut && cut < length {
      require(read(Array(bytes[..<cut])) == .needsMore, "a beginning of something valid isn't waited for")
    }
  }
}
