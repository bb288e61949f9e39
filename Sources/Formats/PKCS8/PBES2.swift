import Crypto
import CryptoExtras
import Foundation
import SwiftASN1

/// Password-based encryption of RFC 8018 §6.2: a key derived from the passphrase, then a block cipher.
struct PBES2 {
  var derivation: KeyDerivation
  var cipher: BlockCipher

  init(derivation: KeyDerivation, cipher: BlockCipher) {
    self.derivation = derivation
    self.cipher = cipher
  }

  /// PBKDF2-HMAC-SHA256 and AES-256-CBC.
  init(writingWith parameters: EncryptedPKCS8.Parameters) throws(FormatError) {
    guard parameters.salt.count >= 8, parameters.iv.count == 16 else {
      throw .unsupported("a salt of \(parameters.salt.count) bytes with an IV of \(parameters.iv.count)")
    }
    derivation = .pbkdf2(
      PBKDF2Parameters(
        salt: parameters.salt, iterations: parameters.iterations, keyLength: nil, hash: .sha256))
    cipher = BlockCipher(keyLength: 32, iv: parameters.iv)
  }

  func algorithmIdentifier() throws -> AlgorithmIdentifier {
    try AlgorithmIdentifier(
      .pbes2,
      PBES2Parameters(
        keyDerivation: try derivation.algorithmIdentifier(), encryption: try cipher.algorithmIdentifier()))
  }

  func encrypt(_ plaintext: [UInt8], passphrase: [UInt8]) throws(FormatError) -> [UInt8] {
    let key = try derivation.key(from: passphrase, length: cipher.keyLength)
    return try cipher.encrypt(plaintext, key: key)
  }

  /// - Throws: `.wrongPassphrase` when the padding is not right.
  func decrypt(_ ciphertext: [UInt8], passphrase: [UInt8]) throws(FormatError) -> [UInt8] {
    let key = try derivation.key(from: passphrase, length: cipher.keyLength)
    return try cipher.decrypt(ciphertext, key: key)
  }
}

/// AES in CBC mode with PKCS#7 padding (RFC 8018 §B.2.5).
struct BlockCipher {
  /// In bytes.
  var keyLength: Int
  var iv: [UInt8]

  private static let keyLengths: [ASN1ObjectIdentifier: Int] = [
    [2, 16, 840, 1, 101, 3, 4, 1, 2]: 16,
    [2, 16, 840, 1, 101, 3, 4, 1, 22]: 24,
    [2, 16, 840, 1, 101, 3, 4, 1, 42]: 32,
  ]

  init(keyLength: Int, iv: [UInt8]) {
    self.keyLength = keyLength
    self.iv = iv
  }

  init(_ identifier: AlgorithmIdentifier) throws(FormatError) {
    guard let keyLength = Self.keyLengths[identifier.algorithm] else {
      throw .unsupported("PBES2 with cipher \(identifier.algorithm)")
    }
    let iv = try FormatError.decoding("AES parameters") {
      Array(try ASN1OctetString(asn1Any: try identifier.parameters.required()).bytes)
    }
    guard iv.count == 16 else { throw .malformed(format: "AES parameters", reason: "the IV is not 16 bytes") }
    self.init(keyLength: keyLength, iv: iv)
  }

  func algorithmIdentifier() throws -> AlgorithmIdentifier {
    guard let oid = Self.keyLengths.first(where: { $0.value == keyLength })?.key else {
      throw FormatError.unsupported("AES with a key of \(keyLength) bytes")
    }
    return try AlgorithmIdentifier(oid, ASN1OctetString(contentBytes: iv[...]))
  }

  func encrypt(_ plaintext: [UInt8], key: SymmetricKey) throws(FormatError) -> [UInt8] {
    do {
      return Array(try AES._CBC.encrypt(plaintext, using: key, iv: try AES._CBC.IV(ivBytes: iv)))
    } catch {
      throw .unsupported("AES with these parameters")
    }
  }

  func decrypt(_ ciphertext: [UInt8], key: SymmetricKey) throws(FormatError) -> [UInt8] {
    guard !ciphertext.isEmpty, ciphertext.count % 16 == 0 else {
      throw .malformed(format: "encrypted file", reason: "the ciphertext is not a whole number of blocks")
    }
    do {
      return Array(try AES._CBC.decrypt(ciphertext, using: key, iv: try AES._CBC.IV(ivBytes: iv)))
    } catch {
      throw .wrongPassphrase
    }
  }
}
