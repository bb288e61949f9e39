/// Reads TLS's integers and length-prefixed vectors (RFC 8446 §3) and answers nil where bytes are missing.
struct ByteReader {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { bytes.isEmpty }
  var count: Int { bytes.count }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, bytes.count >= count else { return nil }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count)
  }

  /// A big-endian integer of one to four bytes.
  mutating func integer(bytes count: Int) -> Int? {
    guard (1...4).contains(count) else { return nil }
    return take(count)?.reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func uint16() -> UInt16? {
    integer(bytes: 2).flatMap(UInt16.init(exactly:))
  }

  /// The contents of a vector whose length is written in `lengthBytes` bytes.
  mutating func vector(lengthBytes: Int) -> ArraySlice<UInt8>? {
    guard let length = integer(bytes: lengthBytes) else { return nil }
    return take(length)
  }
}
