/// The checksum that a PROXY header may carry (RFC 4960, appendix B). It finds accidents and stops nobody.
struct CRC32C {
  private var state = UInt32.max

  var checksum: UInt32 { ~state }

  mutating func update(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      // A byte is always an index of the table.
      state = Self.table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8)
    }
  }

  private static let table: [UInt32] = (UInt32(0)..<256).map { (index: UInt32) -> UInt32 in
    var value = index
    for _ in 0..<8 {
      let carry = value & 1
      value >>= 1
      if carry == 1 { value ^= polynomial }
    }
    return value
  }

  /// Castagnoli's, with its bits in reverse order.
  private static let polynomial: UInt32 = 0x82F6_3B78
}
