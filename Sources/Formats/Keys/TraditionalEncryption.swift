import Crypto
import Foundation

/// The PEM encryption of OpenSSL before PKCS#8 (`openssl rsa -aes256`), marked by a `DEK-Info` header.
///
/// One round of MD5 stretches the passphrase, so a stolen key file falls to guessing. Read, never written.
enum TraditionalEncryption {
  static func isUsed(in block: PEM.Block) -> Bool { block.header("DEK-Info") != nil }

  static func decrypt(
    _ block: PEM.Block, passphrase: String, legacy: (any LegacyDecryption)?
  ) throws(FormatError) -> [UInt8] {
    let fields = (block.header("DEK-Info") ?? "").split(separator: ",").map { String($0).trimmed }
    guard fields.count == 2, let iv = bytes(hexadecimal: fields[1]) else {
      throw .malformed(format: "encrypted PEM key", reason: "the DEK-Info header is not understood")
    }
    guard let keyLength = ["AES-128-CBC": 16, "AES-192-CBC": 24, "AES-256-CBC": 32][fields[0].uppercased()] else {
      guard let legacy else { throw .unsupported("encryption with \(fields[0])") }
      return try legacy.decryptPrivateKey(pem: canonicalText(of: block), passphrase: passphrase)
    }
    guard iv.count == 16 else { throw .malformed(format: "encrypted PEM key", reason: "the IV is not 16 bytes") }
    let key = derivedKey(passphrase: Array(passphrase.utf8), salt: Array(iv.prefix(8)), length: keyLength)
    return try BlockCipher(keyLength: keyLength, iv: iv).decrypt(block.der, key: SymmetricKey(data: key))
  }

  /// OpenSSL's EVP_BytesToKey with MD5 and one iteration: D(i) = MD5(D(i-1) || passphrase || salt).
  private static func derivedKey(passphrase: [UInt8], salt: [UInt8], length: Int) -> [UInt8] {
    var key: [UInt8] = []
    var last: [UInt8] = []
    while key.count < length {
      last = Array(Insecure.MD5.hash(data: last + passphrase + salt))
      key += last
    }
    return Array(key.prefix(length))
  }

  /// The block without what people's editors did to it, as a strict reader wants it.
  private static func canonicalText(of block: PEM.Block) -> String {
    let headers = block.headers.map { "\($0.name): \($0.value)\n" }.joined()
    let begin = "-----BEGIN \(block.label)-----\n"
    return begin + headers + "\n" + PEM.encode(block.label, block.der).dropFirst(begin.count)
  }

  private static func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = text.map(\.hexDigitValue)
    guard digits.count % 2 == 0, digits.count <= 64 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { bytes, index in
      guard let high = digits[index], let low = digits[index + 1] else {
        bytes = nil
        return
      }
      bytes?.append(UInt8(high << 4 | low))
    }
  }
}
