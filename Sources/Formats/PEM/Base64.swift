/// Base64 (RFC 4648 §4) that skips white space and says where it is damaged.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var group: UInt32 = 0
      for offset in 0..<3 { group = group << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0) }
      for position in 0..<4 {
        text.append(position <= count ? alphabet[Int(group >> (18 - 6 * UInt32(position)) & 63)] : UInt8(ascii: "="))
      }
    }
    return text
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: encode(bytes), as: UTF8.self) }

  package struct Damage: Error {
    /// Index into the decoded text.
    var position: Int
  }

  package static func decode(_ text: ArraySlice<UInt8>) throws(Damage) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var characters = 0
    var padding = 0
    for (position, character) in zip(text.indices, text) {
      switch character {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
      case UInt8(ascii: "="):
        padding += 1
        guard padding <= 2 else { throw Damage(position: position) }
      default:
        let value = values[Int(character)]
        guard value != 0xff, padding == 0 else { throw Damage(position: position) }
        group = group << 6 | UInt32(value)
        characters += 1
        if characters % 4 == 0 {
          bytes += [UInt8(group >> 16 & 0xff), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
          group = 0
        }
      }
    }
    switch (characters % 4, padding) {
    case (0, 0): break
    case (2, 2): bytes.append(UInt8(group >> 4 & 0xff))
    case (3, 1): bytes += [UInt8(group >> 10 & 0xff), UInt8(group >> 2 & 0xff)]
    default: throw Damage(position: text.endIndex)
    }
    return bytes
  }
}
