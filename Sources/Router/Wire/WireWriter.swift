/// Writes integers in network order.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ more: some Sequence<UInt8>) {
    bytes.append(contentsOf: more)
  }

  mutating func append(uint8 value: UInt8) {
    bytes.append(value)
  }

  mutating func append(uint16 value: UInt16) {
    append(integer: value)
  }

  mutating func append(uint32 value: UInt32) {
    append(integer: value)
  }

  private mutating func append<Value: FixedWidthInteger>(integer value: Value) {
    for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
