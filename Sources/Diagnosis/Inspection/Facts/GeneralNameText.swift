import Credentials

/// GeneralName as text, in openssl's spelling of its kinds.
///
///     GeneralName ::= CHOICE { otherName [0], rfc822Name [1] IA5String, dNSName [2] IA5String, x400Address [3],
///       directoryName [4] Name, ediPartyName [5], uniformResourceIdentifier [6] IA5String,
///       iPAddress [7] OCTET STRING, registeredID [8] OBJECT IDENTIFIER }
enum GeneralNameText {
  static func list(_ names: DERElement) throws(DERDefect) -> [String] {
    try names.sequence(limit: 10_000).map(render)
  }

  static func render(_ name: DERElement) -> String {
    render(name, address: IPAddressText.address)
  }

  /// A base of a name constraint: an address is followed by its mask.
  static func constraint(_ name: DERElement) -> String {
    render(name, address: IPAddressText.network)
  }

  /// The bare location where the name is one.
  static func location(_ name: DERElement) -> String {
    name.isContext(6) ? text(name) : render(name)
  }

  private static func render(_ name: DERElement, address: ([UInt8]) -> String?) -> String {
    guard name.tagClass == .contextSpecific else { return unreadable(name) }
    switch name.number {
    case 0: return otherName(name)
    case 1: return "email:" + text(name)
    case 2: return "DNS:" + text(name)
    case 4:
      guard let inner = try? name.children(limit: 1).first, let directory = try? NameText.render(inner) else {
        return unreadable(name)
      }
      return "DirName:" + directory
    case 6: return "URI:" + text(name)
    case 7: return "IP:" + (address(name.value) ?? "#" + name.content.hexadecimal)
    case 8:
      let identifier = DERElement(
        tagClass: .universal, isConstructed: false, number: UniversalTag.objectIdentifier.rawValue,
        content: name.content,
        encoded: name.encoded)
      return "RID:" + (identifier.objectIdentifier ?? name.content.hexadecimal)
    default: return unreadable(name)
    }
  }

  private static func text(_ name: DERElement) -> String { String(decoding: name.content, as: UTF8.self).printable }

  private static func unreadable(_ name: DERElement) -> String {
    "other:#" + name.encoded.prefix(64).hexadecimal
  }

  /// OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }
  private static func otherName(_ name: DERElement) -> String {
    guard let fields = try? name.children(limit: 2), let type = fields.first?.objectIdentifier else {
      return unreadable(name)
    }
    let value = fields.last.flatMap { try? $0.children(limit: 1).first }?.text?.printable
    return "otherName:\(type)" + (value.map { ":" + $0 } ?? "")
  }
}

/// IP addresses as text (RFC 5952 for version 6).
enum IPAddressText {
  static func address(_ bytes: [UInt8]) -> String? {
    switch bytes.count {
    case 4: bytes.map(String.init).joined(separator: ".")
    case 16: version6(bytes)
    default: nil
    }
  }

  /// An address and a mask of equal length, as nameConstraints holds them (RFC 5280 §4.2.1.10).
  static func network(_ bytes: [UInt8]) -> String? {
    guard bytes.count == 8 || bytes.count == 32 else { return nil }
    let half = bytes.count / 2
    guard let base = address(Array(bytes.prefix(half))), let mask = address(Array(bytes.suffix(half))) else {
      return nil
    }
    let ones = bytes.suffix(half).reduce(0) { $0 + $1.nonzeroBitCount }
    let isPrefix = bytes.suffix(half).enumerated().allSatisfy { index, byte in
      let set = min(8, max(0, ones - index * 8))
      return byte == UInt8(truncatingIfNeeded: 0xFF00 >> set)
    }
    return isPrefix ? "\(base)/\(ones)" : "\(base)/\(mask)"
  }

  private static func version6(_ bytes: [UInt8]) -> String {
    let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    var longest = 0..<0
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
      if index - start > longest.count { longest = start..<index }
      start = index + 1
    }
    func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
    guard longest.count > 1 else { return text(groups[...]) }
    return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
  }
}
