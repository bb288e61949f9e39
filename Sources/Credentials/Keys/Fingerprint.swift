import Crypto
package import SwiftASN1
package import X509

extension DERSerializable {
  /// The value's DER encoding.
  package func derBytes() throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(self)
    return serializer.serializedBytes
  }
}

/// SHA-256 of something's DER: how Countersign names certificates and keys to people.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  package init(of der: some Sequence<UInt8>) {
    bytes = Array(SHA256.hash(data: Array(der)))
  }

  package init(_ certificate: Certificate) throws {
    self.init(of: try certificate.derBytes())
  }

  /// Of the SubjectPublicKeyInfo: the same before and after a renewal with the same key.
  package init(_ key: Certificate.PublicKey) throws {
    self.init(of: try key.derBytes())
  }

  /// Lower-case hexadecimal, without separators.
  package var description: String { hex(bytes) }
}

/// Lower-case hexadecimal.
package func hex(_ bytes: some Collection<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count * 2)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// Bytes of a hexadecimal text; colons and spaces between digits are skipped.
package func unhex(_ text: String) -> [UInt8]? {
  let digits = text.utf8.filter { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: " ") }
  var values: [UInt8] = []
  for digit in digits {
    switch digit {
    case 0x30...0x39: values.append(digit - 0x30)
    case 0x41...0x46: values.append(digit - 0x41 + 10)
    case 0x61...0x66: values.append(digit - 0x61 + 10)
    default: return nil
    }
  }
  guard !values.isEmpty else { return nil }
  if !values.count.isMultiple(of: 2) { values.insert(0, at: 0) }
  return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}
