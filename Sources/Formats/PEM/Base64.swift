/// Base64 (RFC 4648 §4) that skips white space and says where it is damaged.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text, count in
      alphabet.withUnsafeBufferPointer { alphabet in
        var place = 0
        func write(_ group: UInt32, _ characters: Int) {
          for position in 0..<4 {
            let isPadding = position >= characters
            text[place + position] =
              isPadding ? UInt8(ascii: "=") : alphabet[Int(group >> (18 - 6 * UInt32(position)) & 63)]
          }
          place += 4
        }
        bytes.withUnsafeBufferPointer { bytes in
          var next = 0
          while bytes.count - next >= 3 {
            write(UInt32(bytes[next]) << 16 | UInt32(bytes[next + 1]) << 8 | UInt32(bytes[next + 2]), 4)
            next += 3
          }
          switch bytes.count - next {
          case 1: write(UInt32(bytes[next]) << 16, 2)
          case 2: write(UInt32(bytes[next]) << 16 | UInt32(bytes[next + 1]) << 8, 3)
          default: break
          }
        }
        count = place
      }
    }
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
    let values = values
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
          bytes.append(UInt8(group >> 16 & 0xff))
          bytes.append(UInt8(group >> 8 & 0xff))
          bytes.append(UInt8(group & 0xff))
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
