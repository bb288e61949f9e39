import Router

enum WireBytes {
  /// Bytes of hexadecimal text, in which white space has no meaning.
  static func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }

  /// The contents behind their length in two bytes.
  static func vector(_ content: [UInt8]) -> [UInt8] {
    [UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
  }

  /// The parts one after the other.
  static func join(_ parts: [UInt8]...) -> [UInt8] {
    parts.flatMap { $0 }
  }

  static func proxy(_ bytes: [UInt8], accepting versions: ProxyHeader.Versions = .any) -> Parsing<ProxyHeader> {
    bytes.withUnsafeBytes { ProxyHeader.parse($0, accepting: versions) }
  }

  static func clientHello(_ bytes: [UInt8]) -> Parsing<ClientHello> {
    bytes.withUnsafeBytes { ClientHello.parse($0) }
  }

  static func postgres(_ bytes: [UInt8]) -> Parsing<PostgresStart> {
    bytes.withUnsafeBytes { PostgresStart.parse($0) }
  }
}

extension Parsing {
  var isMalformed: Bool {
    if case .malformed = self { true } else { false }
  }

  var isParsed: Bool {
    if case .parsed = self { true } else { false }
  }
}
