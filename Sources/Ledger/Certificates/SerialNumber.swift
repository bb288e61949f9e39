package import Credentials
package import X509

extension Certificate.SerialNumber {
  /// Reads a serial number as people paste it: hexadecimal, any case, with or without colons, spaces around it,
  /// `0x` in front, or leading zeros.
  ///
  /// - Throws: ``LedgerError/notASerial(_:)``.
  package static func parse(_ text: String) throws(LedgerError) -> SerialNumber {
    let shown = String(text.prefix(80))
    var digits: [UInt8] = []
    var rest = text.utf8.prefix(200)[...]
    guard rest.count == text.utf8.count else { throw .notASerial(shown) }
    while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    while let last = rest.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\n") { rest.removeLast() }
    if rest.starts(with: "0x".utf8) || rest.starts(with: "0X".utf8) { rest = rest.dropFirst(2) }
    for character in rest where character != UInt8(ascii: ":") {
      guard let digit = Hexadecimal.value(of: character) else { throw .notASerial(shown) }
      digits.append(digit)
    }
    guard !digits.isEmpty else { throw .notASerial(shown) }
    let significant = Array(digits.drop { $0 == 0 })
    guard significant.count <= longest * 2 else { throw .notASerial(shown) }
    let even = significant.count.isMultiple(of: 2) ? significant : [0] + significant
    let bytes = stride(from: 0, to: even.count, by: 2).map { even[$0] << 4 | even[$0 + 1] }
    return SerialNumber(bytes: bytes.isEmpty ? [0] : bytes)
  }
}
