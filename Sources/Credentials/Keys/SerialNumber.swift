package import X509

package typealias SerialNumber = Certificate.SerialNumber

extension SerialNumber {
  /// A serial of 159 random bits (RFC 5280 §4.1.2.2 allows 20 octets, positive): too many to guess and to collide.
  package static func random(using generator: inout some RandomNumberGenerator) -> SerialNumber {
    // A word at a time: the system's generator is asked by a system call each time.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    while bytes.count < 20 {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - 20)
    bytes[0] &= 0x7f
    // A zero octet in front would be dropped by DER: the serial would still be valid, only its text shorter.
    if bytes[0] == 0 { bytes[0] = 1 }
    return SerialNumber(bytes: bytes)
  }

  /// Serials that are taken together. Each has 159 random bits; the first 31 are the same in all of them, so that an index
  /// keeps them side by side. Who knows one has 128 bits to guess of the next.
  package static func block(of count: Int, using generator: inout some RandomNumberGenerator) -> [SerialNumber] {
    let common = Array(random(using: &generator).bytes.prefix(4))
    return (0..<count).map { _ in SerialNumber(bytes: common + random(using: &generator).bytes.dropFirst(4)) }
  }

  /// The most bytes that a serial number may have (RFC 5280 §4.1.2.2).
  package static let longest = 20

  /// The magnitude, big-endian, without leading zero bytes; one zero byte for zero.
  package var magnitude: [UInt8] {
    let trimmed = bytes.drop { $0 == 0 }
    return trimmed.isEmpty ? [0] : Array(trimmed)
  }

  /// The magnitude in lower-case hexadecimal, two digits a byte.
  package var hex: String { magnitude.hexadecimal }
}
