extension ProxyHeader {
  /// The longest line of version 1, with its CR and LF.
  private static let longestLine = 107
  private static let linePrefix: [UInt8] = Array("PROXY ".utf8)

  /// Reads version 1 (proxy-protocol.txt §2.1): a line such as `PROXY TCP4 192.0.2.1 192.0.2.9 50000 443`.
  static func parseText(_ bytes: UnsafeRawBufferPointer) -> Parsing<ProxyHeader> {
    guard zip(bytes, linePrefix).allSatisfy({ $0 == $1 }) else {
      return .malformed("not a header of the PROXY protocol")
    }
    guard let end = bytes.prefix(longestLine).firstIndex(where: { $0 == 0x0D || $0 == 0x0A }) else {
      return bytes.count < longestLine ? .needsMore : .malformed("a line of the PROXY protocol that doesn't end")
    }
    var reader = WireReader(bytes)
    guard end + 2 <= longestLine, let line = reader.take(end), reader.uint8() == 0x0D else {
      return .malformed("a line of the PROXY protocol that doesn't end with CR and LF")
    }
    guard let last = reader.uint8() else { return .needsMore }
    guard last == 0x0A else { return .malformed("a line of the PROXY protocol that doesn't end with CR and LF") }
    guard let header = read(line: [UInt8](line.dropFirst(linePrefix.count))) else {
      return .malformed("a line of the PROXY protocol that can't be read")
    }
    return .parsed(header, length: end + 2)
  }

  private static func read(line: [UInt8]) -> ProxyHeader? {
    var fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)[...]
    guard let family = fields.popFirst() else { return nil }
    // What follows UNKNOWN is to be ignored.
    if family.elementsEqual("UNKNOWN".utf8) { return ProxyHeader() }
    guard let sourceText = fields.popFirst(), let destinationText = fields.popFirst(),
      let sourcePort = fields.popFirst().flatMap({ port($0) }),
      let destinationPort = fields.popFirst().flatMap({ port($0) }), fields.isEmpty
    else { return nil }
    if family.elementsEqual("TCP4".utf8) {
      guard let source = ipv4(sourceText), let destination = ipv4(destinationText) else { return nil }
      return ProxyHeader(
        source: .ipv4(source, port: sourcePort), destination: .ipv4(destination, port: destinationPort))
    }
    guard family.elementsEqual("TCP6".utf8), let source = ipv6(sourceText), let destination = ipv6(destinationText)
    else { return nil }
    return ProxyHeader(
      source: .ipv6(source, port: sourcePort), destination: .ipv6(destination, port: destinationPort))
  }

  private static func port(_ text: ArraySlice<UInt8>) -> UInt16? {
    guard let number = decimal(text, digits: 5) else { return nil }
    return UInt16(exactly: number)
  }

  /// A number without leading zeros: some would read those as octal.
  private static func decimal(_ text: ArraySlice<UInt8>, digits: Int) -> Int? {
    guard (1...digits).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
    var number = 0
    for character in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
      number = number * 10 + Int(character - UInt8(ascii: "0"))
    }
    return number
  }

  private static func ipv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    for part in text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard let number = decimal(part, digits: 3), let octet = UInt8(exactly: number) else { return nil }
      octets.append(octet)
    }
    return octets.count == 4 ? octets : nil
  }

  /// RFC 4291 §2.2 in all three forms: eight groups, `::` for zeros, an IPv4 address at the end.
  private static func ipv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count >= 2 else { return nil }
    var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)[...]
    // At either end, `::` leaves two empty parts, of which one stands for the zeros. A single colon leaves only one.
    if parts.first?.isEmpty == true {
      parts = parts.dropFirst()
      guard parts.first?.isEmpty == true else { return nil }
    }
    if parts.last?.isEmpty == true, parts.count > 1 {
      parts = parts.dropLast()
      guard parts.last?.isEmpty == true else { return nil }
    }
    var octets: [UInt8] = []
    var gap: Int?
    while let part = parts.popFirst() {
      if part.isEmpty {
        guard gap == nil else { return nil }
        gap = octets.count
      } else if parts.isEmpty, let embedded = ipv4(part) {
        octets += embedded
      } else {
        guard let group = hexadecimal(part) else { return nil }
        octets.append(UInt8(truncatingIfNeeded: group >> 8))
        octets.append(UInt8(truncatingIfNeeded: group))
      }
    }
    guard let start = gap else { return octets.count == 16 ? octets : nil }
    guard octets.count <= 14 else { return nil }
    octets.insert(contentsOf: [UInt8](repeating: 0, count: 16 - octets.count), at: start)
    return octets
  }

  private static func hexadecimal(_ text: ArraySlice<UInt8>) -> UInt16? {
    guard (1...4).contains(text.count) else { return nil }
    var number: UInt16 = 0
    for character in text {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
      default: return nil
      }
      number = number << 4 | UInt16(digit)
    }
    return number
  }
}
