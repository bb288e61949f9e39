/// Reads hostile bytes, integers in network order, and answers nil where they end.
///
/// It copies nothing: what it hands out lives as long as the bytes that it was given.
struct WireReader {
  private(set) var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    rest = bytes
  }

  var isAtEnd: Bool { rest.isEmpty }
  var count: Int { rest.count }

  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= rest.count else { return nil }
    return takeAtMost(count)
  }

  mutating func takeAtMost(_ count: Int) -> UnsafeRawBufferPointer {
    let length = max(0, count)
    let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(length))
    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length))
    return taken
  }

  mutating func uint8() -> UInt8? { integer(UInt8.self) }
  mutating func uint16() -> UInt16? { integer(UInt16.self) }
  mutating func uint32() -> UInt32? { integer(UInt32.self) }

  /// The contents of a vector whose length is written in one byte.
  mutating func vector8() -> UnsafeRawBufferPointer? {
    guard let length = uint8() else { return nil }
    return take(Int(length))
  }

  /// The contents of a vector whose length is written in two bytes.
  mutating func vector16() -> UnsafeRawBufferPointer? {
    guard let length = uint16() else { return nil }
    return take(Int(length))
  }

  private mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
    guard let bytes = take(Value.bitWidth / 8) else { return nil }
    var value: Value = 0
    for byte in bytes { value = value << 8 | Value(truncatingIfNeeded: byte) }
    return value
  }
}
