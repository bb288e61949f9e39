import Crypto
import SwiftASN1

/// The two protections of JKS, both of them SHA-1 over the password in UTF-16.
enum JKSProtection {
  /// Sun's key protector.
  static let algorithm: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1]
  static let saltLength = 20
  private static let checkLength = 20

  // MARK: - Integrity

  /// SHA-1 over password, a phrase that Sun chose, and the file.
  static func digest(of contents: some Sequence<UInt8>, password: String) -> [UInt8] {
    Array(Insecure.SHA1.hash(data: BMPString.encode(password) + Array("Mighty Aphrodite".utf8) + Array(contents)))
  }

  static func isValid(digest: ArraySlice<UInt8>, of contents: ArraySlice<UInt8>, password: String) -> Bool {
    isEqual(digest, self.digest(of: contents, password: password)[...])
  }

  /// Without a branch on the bytes.
  private static func isEqual(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
    left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  // MARK: - Keys

  /// Salt, the key under a stream of SHA-1(password, last block), and SHA-1(password, key).
  static func encrypt(_ pkcs8: [UInt8], password: String, salt: [UInt8]) -> [UInt8] {
    let password = BMPString.encode(password)
    return salt + applyStream(to: pkcs8, password: password, salt: salt)
      + Array(Insecure.SHA1.hash(data: password + pkcs8))
  }

  /// - Throws: `.wrongPassphrase`, `.malformed`.
  static func decrypt(_ bytes: [UInt8], password: String) throws(FormatError) -> [UInt8] {
    guard bytes.count > saltLength + checkLength else {
      throw .malformed(format: "JKS key", reason: "it is cut short")
    }
    let password = BMPString.encode(password)
    let salt = Array(bytes.prefix(saltLength))
    let plain = applyStream(
      to: Array(bytes.dropFirst(saltLength).dropLast(checkLength)), password: password, salt: salt)
    guard isEqual(bytes.suffix(checkLength), Array(Insecure.SHA1.hash(data: password + plain))[...]) else {
      throw .wrongPassphrase
    }
    guard (try? PrivateKeyInfo(derEncoded: plain)) != nil else {
      throw .malformed(format: "JKS key", reason: "it is not PKCS#8")
    }
    return plain
  }

  private static func applyStream(to bytes: [UInt8], password: [UInt8], salt: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var block = salt
    while result.count < bytes.count {
      block = Array(Insecure.SHA1.hash(data: password + block))
      for (byte, mask) in zip(bytes[result.count...], block) { result.append(byte ^ mask) }
    }
    return result
  }
}

/// Java's modified UTF-8: units of UTF-16 encoded one by one, and U+0000 in two bytes.
enum JavaText {
  static func encode(_ text: String) -> [UInt8] {
    text.utf16.flatMap { unit -> [UInt8] in
      switch unit {
      case 0x01...0x7f: [UInt8(unit)]
      case 0x00, 0x80...0x7ff: [0xc0 | UInt8(unit >> 6), 0x80 | UInt8(unit & 0x3f)]
      default: [0xe0 | UInt8(unit >> 12), 0x80 | UInt8(unit >> 6 & 0x3f), 0x80 | UInt8(unit & 0x3f)]
      }
    }
  }

  /// Nil where the bytes are no such text.
  static func decode(_ bytes: [UInt8]) -> String? {
    var units: [UInt16] = []
    var rest = bytes[...]
    while let first = rest.popFirst() {
      let (length, bits): (Int, UInt8)
      switch first {
      case 0x00...0x7f: (length, bits) = (0, first)
      case 0xc0...0xdf: (length, bits) = (1, first & 0x1f)
      case 0xe0...0xef: (length, bits) = (2, first & 0x0f)
      default: return nil
      }
      var unit = UInt16(bits)
      for _ in 0..<length {
        guard let next = rest.popFirst(), next & 0xc0 == 0x80 else { return nil }
        unit = unit << 6 | UInt16(next & 0x3f)
      }
      units.append(unit)
    }
    return String(decoding: units, as: UTF16.self)
  }
}
