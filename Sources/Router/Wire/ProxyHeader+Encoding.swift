extension ProxyHeader {
  /// The header in version 2 (proxy-protocol.txt §2.2).
  ///
  /// An address that the format can't hold makes the family unspecified. A text that is too long or holds control
  /// characters is left out: cut, it could be another's name.
  ///
  /// - Parameter checksum: whether the header carries its CRC32C.
  package func encoded(checksum: Bool = false) -> [UInt8] {
    guard command == .proxy else {
      return Self.start(command: 0x20, family: .unspecified, length: 0).bytes
    }
    var content = WireWriter()
    let family = appendAddresses(to: &content)
    appendTLVs(to: &content)
    guard checksum else {
      var whole = Self.start(command: 0x21, family: family, length: content.bytes.count)
      whole.append(content.bytes)
      return whole.bytes
    }
    content.append(uint8: ProxyTLV.checksum.rawValue)
    content.append(uint16: 4)
    var whole = Self.start(command: 0x21, family: family, length: content.bytes.count + 4)
    whole.append(content.bytes)
    var sum = CRC32C()
    sum.update(whole.bytes)
    sum.update(repeatElement(UInt8(0), count: 4))
    whole.append(uint32: sum.checksum)
    return whole.bytes
  }

  private static func start(command: UInt8, family: ProxyFamily, length: Int) -> WireWriter {
    var writer = WireWriter()
    writer.append(signature)
    writer.append(uint8: command)
    writer.append(uint8: family.rawValue)
    writer.append(uint16: UInt16(clamping: length))
    return writer
  }

  private func appendAddresses(to writer: inout WireWriter) -> ProxyFamily {
    guard let source, let destination else { return .unspecified }
    if let from = source.asIPv4, let to = destination.asIPv4 {
      Self.append(from, to, to: &writer)
      return .tcp4
    }
    if let from = source.asIPv6, let to = destination.asIPv6 {
      Self.append(from, to, to: &writer)
      return .tcp6
    }
    if let from = source.unixField, let to = destination.unixField {
      writer.append(from)
      writer.append(to)
      return .unixStream
    }
    return .unspecified
  }

  private static func append(
    _ from: (octets: [UInt8], port: UInt16), _ to: (octets: [UInt8], port: UInt16), to writer: inout WireWriter
  ) {
    writer.append(from.octets)
    writer.append(to.octets)
    writer.append(uint16: from.port)
    writer.append(uint16: to.port)
  }

  private func appendTLVs(to writer: inout WireWriter) {
    writer.append(type: ProxyTLV.applicationProtocol.rawValue, text: applicationProtocol)
    writer.append(type: ProxyTLV.authority.rawValue, text: authority)
    if let uniqueID, uniqueID.count <= Self.longestUniqueID {
      writer.append(type: ProxyTLV.uniqueID.rawValue, value: uniqueID)
    }
    if let tls { writer.append(type: ProxyTLV.tls.rawValue, value: tls.encoded()) }
  }
}

extension ProxyTLS {
  fileprivate func encoded() -> [UInt8] {
    var flags: ProxyClientFlags = .tls
    if presented { flags.insert(.presented) }
    if session { flags.insert(.session) }
    var writer = WireWriter()
    writer.append(uint8: flags.rawValue)
    writer.append(uint32: verified ? 0 : 1)
    writer.append(type: ProxyTLSPart.version.rawValue, text: version)
    writer.append(type: ProxyTLSPart.commonName.rawValue, text: commonName)
    writer.append(type: ProxyTLSPart.cipher.rawValue, text: cipher)
    writer.append(type: ProxyTLSPart.signatureAlgorithm.rawValue, text: signatureAlgorithm)
    writer.append(type: ProxyTLSPart.keyAlgorithm.rawValue, text: keyAlgorithm)
    return writer.bytes
  }
}

extension WireWriter {
  fileprivate mutating func append(type: UInt8, text: String?) {
    guard let text, ProxyText.isValid(text) else { return }
    append(type: type, value: Array(text.utf8))
  }

  fileprivate mutating func append(type: UInt8, value: [UInt8]) {
    append(uint8: type)
    append(uint16: UInt16(clamping: value.count))
    append(value)
  }
}
