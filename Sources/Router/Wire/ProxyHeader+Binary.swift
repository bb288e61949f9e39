extension ProxyHeader {
  /// What version 2 begins with: no other protocol's first bytes.
  static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
  /// Signature, version and command, family, length.
  static let fixedLength = 16

  /// Reads version 2 (proxy-protocol.txt §2.2).
  static func parseBinary(_ bytes: UnsafeRawBufferPointer) -> Parsing<ProxyHeader> {
    guard zip(bytes, signature).allSatisfy({ $0 == $1 }) else {
      return .malformed("not a header of the PROXY protocol, or of a version that isn't accepted")
    }
    var reader = WireReader(bytes)
    guard reader.take(signature.count) != nil, let versionAndCommand = reader.uint8() else { return .needsMore }
    guard let command = Command(versionAndCommand: versionAndCommand) else {
      return .malformed("an unknown version or command of the PROXY protocol")
    }
    guard let familyByte = reader.uint8() else { return .needsMore }
    let knownFamily = ProxyFamily(rawValue: familyByte)
    guard command == .local || knownFamily != nil else {
      return .malformed("an unknown address family in a PROXY header")
    }
    guard let length = reader.uint16() else { return .needsMore }
    let total = fixedLength + Int(length)
    guard total <= maximumLength else { return .malformed("a PROXY header of \(total) bytes") }
    guard let content = reader.take(Int(length)) else { return .needsMore }
    // With LOCAL, all that follows is to be ignored, the family too.
    guard command == .proxy, let family = knownFamily else {
      return .parsed(ProxyHeader(command: .local), length: total)
    }
    do throws(Malformed) {
      let whole = UnsafeRawBufferPointer(rebasing: bytes.prefix(total))
      let header = try read(family: family, content, of: whole)
      return .parsed(header, length: total)
    } catch {
      return .malformed(error.reason)
    }
  }

  private static func read(
    family: ProxyFamily, _ content: UnsafeRawBufferPointer, of whole: UnsafeRawBufferPointer
  ) throws(Malformed) -> ProxyHeader {
    var header = ProxyHeader()
    var reader = WireReader(content)
    guard header.readAddresses(family: family, &reader) else {
      throw Malformed("a PROXY header that is too short for its addresses")
    }
    try header.readTLVs(&reader, of: whole)
    return header
  }

  /// False where bytes are missing. Addresses of datagrams are skipped: their header counts as one of no family.
  private mutating func readAddresses(family: ProxyFamily, _ reader: inout WireReader) -> Bool {
    switch family {
    case .unspecified:
      return true
    case .udp4:
      return reader.take(2 * (4 + 2)) != nil
    case .udp6:
      return reader.take(2 * (16 + 2)) != nil
    case .unixDatagram:
      return reader.take(2 * ProxyAddress.unixLength) != nil
    case .tcp4, .tcp6:
      let size = family == .tcp4 ? 4 : 16
      guard let from = reader.take(size), let to = reader.take(size), let fromPort = reader.uint16(),
        let toPort = reader.uint16()
      else { return false }
      source = family == .tcp4 ? .ipv4([UInt8](from), port: fromPort) : .ipv6([UInt8](from), port: fromPort)
      destination = family == .tcp4 ? .ipv4([UInt8](to), port: toPort) : .ipv6([UInt8](to), port: toPort)
      return true
    case .unixStream:
      guard let from = reader.take(ProxyAddress.unixLength), let to = reader.take(ProxyAddress.unixLength) else {
        return false
      }
      source = ProxyAddress(unixField: from)
      destination = ProxyAddress(unixField: to)
      return true
    }
  }

  private mutating func readTLVs(_ reader: inout WireReader, of whole: UnsafeRawBufferPointer) throws(Malformed) {
    var seen: UInt64 = 0
    while let (type, value) = try reader.nextTLV() {
      guard let known = ProxyTLV(rawValue: type) else { continue }
      let bit = UInt64(1) << UInt64(known.rawValue)
      guard seen & bit == 0 else { throw Malformed("a TLV stands twice in a PROXY header") }
      seen |= bit
      switch known {
      case .applicationProtocol: applicationProtocol = try Self.text(value)
      case .authority: authority = try Self.text(value)
      case .checksum: try Self.verify(value, at: whole.count - reader.count - value.count, of: whole)
      case .uniqueID:
        guard value.count <= Self.longestUniqueID else { throw Malformed("a unique ID that is too long") }
        uniqueID = [UInt8](value)
      case .tls: tls = try ProxyTLS(tlv: value)
      }
    }
  }

  /// The checksum is that of the header with zeros in the checksum's place (proxy-protocol.txt §2.2.3).
  private static func verify(
    _ value: UnsafeRawBufferPointer, at offset: Int, of whole: UnsafeRawBufferPointer
  ) throws(Malformed) {
    var reader = WireReader(value)
    guard let expected = reader.uint32(), reader.isAtEnd, offset >= 0 else {
      throw Malformed("a checksum of a wrong length in a PROXY header")
    }
    var computed = CRC32C()
    computed.update(whole.prefix(offset))
    computed.update(repeatElement(UInt8(0), count: 4))
    computed.update(whole.dropFirst(offset + 4))
    guard computed.checksum == expected else { throw Malformed("a PROXY header whose checksum is wrong") }
  }

  fileprivate static func text(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> String {
    guard let text = ProxyText.read(bytes) else { throw Malformed("a TLV of a PROXY header is no text") }
    return text
  }
}

extension ProxyHeader.Command {
  fileprivate init?(versionAndCommand byte: UInt8) {
    switch byte {
    case 0x20: self = .local
    case 0x21: self = .proxy
    default: return nil
    }
  }
}

extension ProxyTLS {
  /// Nil for a client that didn't use TLS.
  fileprivate init?(tlv: UnsafeRawBufferPointer) throws(Malformed) {
    var reader = WireReader(tlv)
    guard let bits = reader.uint8(), let result = reader.uint32() else {
      throw Malformed("what a PROXY header says about TLS is too short")
    }
    var parts: [ProxyTLSPart: String] = [:]
    while let (type, value) = try reader.nextTLV() {
      guard let part = ProxyTLSPart(rawValue: type) else { continue }
      guard parts[part] == nil else { throw Malformed("a TLV stands twice in a PROXY header") }
      parts[part] = try ProxyHeader.text(value)
    }
    let flags = ProxyClientFlags(rawValue: bits)
    guard flags.contains(.tls) else { return nil }
    guard let version = parts[.version] else { throw Malformed("a PROXY header doesn't say which version of TLS") }
    self.init(
      version: version, commonName: parts[.commonName], cipher: parts[.cipher],
      signatureAlgorithm: parts[.signatureAlgorithm], keyAlgorithm: parts[.keyAlgorithm],
      presented: flags.contains(.presented), session: flags.contains(.session), verified: result == 0)
  }
}

extension WireReader {
  /// Type and value of the next TLV, nil where there is none left.
  fileprivate mutating func nextTLV() throws(Malformed) -> (type: UInt8, value: UnsafeRawBufferPointer)? {
    guard !isAtEnd else { return nil }
    guard let type = uint8(), let value = vector16() else { throw Malformed("a TLV that a PROXY header doesn't hold") }
    return (type, value)
  }
}
