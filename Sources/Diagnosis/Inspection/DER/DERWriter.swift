/// Just enough DER encoding to bring a private key's public half into the form that certificates hold it in.
enum DERWriter {
  static let rsaIdentifier: [UInt8] = sequence([
    element(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]), element(0x05, []),
  ])

  static func ecIdentifier(parameters: [UInt8]) -> [UInt8] {
    sequence([element(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]), parameters])
  }

  static func dsaIdentifier(parameters: [[UInt8]]) -> [UInt8] {
    sequence([element(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01]), sequence(parameters)])
  }

  static func sequence(_ elements: [[UInt8]]) -> [UInt8] { element(0x30, elements.flatMap(\.self)) }

  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    guard content.count > 127 else { return [tag, UInt8(truncatingIfNeeded: content.count)] + content }
    let size = withUnsafeBytes(of: UInt64(content.count).bigEndian) { $0.drop { $0 == 0 } }
    return [tag, 0x80 | UInt8(truncatingIfNeeded: size.count)] + size + content
  }
}
