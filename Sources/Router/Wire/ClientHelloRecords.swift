/// The records that hold a whole ClientHello and nothing else (RFC 8446 §5.1).
///
///     struct {
///       ContentType type;                          // handshake(22)
///       ProtocolVersion legacy_record_version;
///       uint16 length;
///       opaque fragment[TLSPlaintext.length];
///     } TLSPlaintext;
struct ClientHelloRecords {
  static let headerLength = 5
  private static let longestFragment = 16_384

  /// The records, with their headers.
  let bytes: UnsafeRawBufferPointer
  private let count: Int
  private let messageLength: Int

  /// Looks for the hello at the beginning of a stream; nil where bytes are missing.
  static func find(in bytes: UnsafeRawBufferPointer) throws(Malformed) -> ClientHelloRecords? {
    var reader = WireReader(bytes)
    var header = MessageHeader()
    var received = 0
    for count in 1...ClientHello.mostRecords {
      guard let length = try fragmentLength(&reader) else { return nil }
      let fragment = reader.takeAtMost(length)
      try header.read(fragment)
      received += length
      if let messageLength = header.messageLength {
        // A client has nothing more to say before it is answered.
        guard received <= messageLength else { throw Malformed("a record that doesn't end with the ClientHello") }
        if received == messageLength, fragment.count == length {
          let records = UnsafeRawBufferPointer(rebasing: bytes.dropLast(reader.count))
          return ClientHelloRecords(bytes: records, count: count, messageLength: messageLength)
        }
      }
      guard fragment.count == length else { return nil }
    }
    throw Malformed("a ClientHello that is split over too many records")
  }

  /// Calls with the message and its header. Only a message that was split is copied.
  func withMessage<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    guard count > 1 else { return body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(Self.headerLength))) }
    var message: [UInt8] = []
    message.reserveCapacity(messageLength)
    var reader = WireReader(bytes)
    while reader.take(3) != nil, let fragment = reader.vector16() { message.append(contentsOf: fragment) }
    return message.withUnsafeBytes { body($0) }
  }

  private static func fragmentLength(_ reader: inout WireReader) throws(Malformed) -> Int? {
    guard let type = reader.uint8() else { return nil }
    guard type == 22 else {
      // SSL 2 began with a length whose highest bit is set.
      throw Malformed(type < 0x80 ? "not TLS" : "not TLS, but perhaps a hello of SSL 2")
    }
    guard let majorVersion = reader.uint8() else { return nil }
    guard majorVersion == 3 else { throw Malformed("not TLS") }
    guard reader.uint8() != nil, let length = reader.uint16() else { return nil }
    guard (1...longestFragment).contains(Int(length)) else {
      throw Malformed("a record of TLS that is empty or too long")
    }
    return Int(length)
  }
}

/// A handshake message's type and length (RFC 8446 §4), which may be split too.
private struct MessageHeader {
  private var value: UInt32 = 0
  private var count = 0

  private static let length = 4

  /// Of the message and its header; nil until the header is complete.
  var messageLength: Int? { count == Self.length ? Self.length + Int(value & 0xFF_FFFF) : nil }

  mutating func read(_ fragment: UnsafeRawBufferPointer) throws(Malformed) {
    guard count < Self.length else { return }
    for byte in fragment.prefix(Self.length - count) {
      guard count > 0 || byte == 1 else { throw Malformed("a handshake that doesn't begin with a ClientHello") }
      value = value << 8 | UInt32(byte)
      count += 1
    }
    guard let messageLength, messageLength > Self.length + ClientHello.longestMessage else { return }
    throw Malformed("a ClientHello of \(messageLength) bytes")
  }
}
