import SwiftASN1

/// Private keys encrypted under a passphrase: PKCS#8 with PBES2 (RFC 5958 §3, RFC 8018 §6.2).
///
/// Written with PBKDF2-HMAC-SHA256 and AES-256-CBC, which OpenSSL since 1.0, Java since 8 and every other reader
/// understand.
package enum EncryptedPKCS8 {
  /// What one encryption takes besides key and passphrase.
  package struct Parameters: Hashable, Sendable {
    /// At least 8 random bytes, 16 by habit.
    package var salt: [UInt8]
    /// 16 random bytes.
    package var iv: [UInt8]
    package var iterations: Int

    /// As OWASP asks for HMAC-SHA256. It takes some 65 ms, once per start of a process that opens the key.
    package static let defaultIterations = 600_000

    /// Fewer are never written: swift-crypto takes no less as safe.
    package static let minimumIterations = 210_000

    package init(salt: [UInt8], iv: [UInt8], iterations: Int = Self.defaultIterations) {
      self.salt = salt
      self.iv = iv
      self.iterations = iterations
    }

    /// Draws salt and IV from a generator, which has to be a cryptographic one.
    package init(using generator: inout some RandomNumberGenerator) {
      self.init(salt: generator.bytes(16), iv: generator.bytes(16))
    }
  }

  /// Encrypts PKCS#8 DER and returns the DER of an `EncryptedPrivateKeyInfo` (PEM label `ENCRYPTED PRIVATE KEY`).
  /// - Throws: `.unsupported` for salt, IV or iterations out of range; `.passphraseNeeded` for an empty passphrase.
  package static func encrypt(
    _ pkcs8: [UInt8], passphrase: String, parameters: Parameters
  ) throws(FormatError) -> [UInt8] {
    guard !passphrase.isEmpty else { throw .passphraseNeeded }
    guard parameters.iterations >= Parameters.minimumIterations else {
      throw .unsupported("an iteration count below \(Parameters.minimumIterations)")
    }
    let scheme = try PBES2(writingWith: parameters)
    let encrypted = EncryptedPrivateKeyInfo(
      algorithm: try FormatError.decoding("PBES2 parameters") { try scheme.algorithmIdentifier() },
      encryptedData: try scheme.encrypt(pkcs8, passphrase: Array(passphrase.utf8)))
    return try encrypted.derBytes()
  }

  /// Decrypts the DER of an `EncryptedPrivateKeyInfo` to PKCS#8 DER, or with `legacy` to any key DER.
  ///
  /// PBKDF2 with HMAC-SHA1 to SHA512 and scrypt, with AES-CBC of any key size, are ours; 3DES, RC2 and RC4 are
  /// `legacy`'s.
  /// - Throws: `.wrongPassphrase`, `.unsupported`, `.malformed`, `.tooLarge` (iterations).
  package static func decrypt(
    _ der: [UInt8], passphrase: String, legacy: (any LegacyDecryption)?
  ) throws(FormatError) -> [UInt8] {
    var limit = WorkLimit()
    let encrypted = try FormatError.decoding("encrypted PKCS#8 key") { try EncryptedPrivateKeyInfo(derEncoded: der) }
    return try decrypt(encrypted, passphrase: passphrase, legacy: legacy, limit: &limit)
  }

  static func decrypt(
    _ encrypted: EncryptedPrivateKeyInfo, passphrase: String, legacy: (any LegacyDecryption)?, limit: inout WorkLimit
  ) throws(FormatError) -> [UInt8] {
    switch try PasswordBasedEncryption(encrypted.algorithm, limit: &limit) {
    case .pbes2(let scheme):
      let plain = try scheme.decrypt(encrypted.encryptedData, passphrase: Array(passphrase.utf8))
      // One wrong passphrase in 256 leaves valid padding, but then no PKCS#8.
      guard (try? PrivateKeyInfo(derEncoded: plain)) != nil else { throw .wrongPassphrase }
      return plain
    case .legacy(let name):
      guard let legacy else { throw .unsupported("encryption with \(name)") }
      let pem = PEM.encode("ENCRYPTED PRIVATE KEY", try encrypted.derBytes())
      return try legacy.decryptPrivateKey(pem: pem, passphrase: passphrase)
    }
  }
}

extension RandomNumberGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}
