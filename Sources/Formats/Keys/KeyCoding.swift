import SwiftASN1
package import X509

/// Private keys in all the forms that files hold them in.
package enum KeyCoding {
  /// No key comes near; larger inputs are refused before they are looked at.
  package static let sizeLimit = 1 << 20

  /// Reads a private key from PEM or DER: PKCS#1, SEC 1 (with or without the EC PARAMETERS block before it), PKCS#8
  /// plain or encrypted, or a traditional PEM key with a `DEK-Info` header.
  ///
  /// RSA keys of 1024 bits and more are read; whether a key is strong enough is the caller's to say.
  /// - Parameters:
  ///   - passphrase: used only where the key is encrypted.
  ///   - legacy: for 3DES, RC2 and RC4; without it such a key is `.unsupported`.
  /// - Throws: `.passphraseNeeded`, `.wrongPassphrase`, `.notPEM` (PEM, but no key in it), `.unsupported`,
  ///   `.malformed`, `.tooLarge`.
  package static func decode(
    _ bytes: [UInt8], passphrase: String?, legacy: (any LegacyDecryption)?
  ) throws(FormatError) -> Certificate.PrivateKey {
    guard bytes.count <= sizeLimit else {
      throw .tooLarge(what: "the size in bytes of a private key", limit: sizeLimit)
    }
    let reader = KeyReader(passphrase: passphrase, legacy: legacy)
    guard PEM.isLikely(bytes) else { return try reader.key(der: bytes) }
    return try reader.key(blocks: try PEM.parse(bytes))
  }

  /// Whether a PEM block holds a private key, of whatever kind.
  package static func isPrivateKey(_ block: PEM.Block) -> Bool { block.label.hasSuffix("PRIVATE KEY") }

  /// Whether a key can't be read without a passphrase.
  package static func isEncrypted(_ block: PEM.Block) -> Bool {
    block.label == "ENCRYPTED PRIVATE KEY" || TraditionalEncryption.isUsed(in: block)
  }

  // MARK: - Writing

  /// PKCS#8 DER, which everything reads.
  /// - Throws: `.unsupported` for a key that is kept in hardware.
  package static func pkcs8(_ key: Certificate.PrivateKey) throws(FormatError) -> [UInt8] {
    let document = try document(of: key)
    guard document.label == "RSA PRIVATE KEY" else { return document.der }
    return try PrivateKeyInfo(
      algorithm: try FormatError.decoding("RSA key") { try AlgorithmIdentifier(.rsaKey, ASN1Null()) },
      privateKey: document.der
    ).derBytes()
  }

  /// PKCS#8 PEM, label `PRIVATE KEY`.
  package static func pem(_ key: Certificate.PrivateKey) throws(FormatError) -> String {
    PEM.encode("PRIVATE KEY", try pkcs8(key))
  }

  /// Encrypted PKCS#8 PEM, label `ENCRYPTED PRIVATE KEY`.
  package static func encryptedPEM(
    _ key: Certificate.PrivateKey, passphrase: String, parameters: EncryptedPKCS8.Parameters
  ) throws(FormatError) -> String {
    PEM.encode(
      "ENCRYPTED PRIVATE KEY",
      try EncryptedPKCS8.encrypt(try pkcs8(key), passphrase: passphrase, parameters: parameters))
  }

  /// The form that is older than PKCS#8: PKCS#1 for RSA (`RSA PRIVATE KEY`), SEC 1 for curves (`EC PRIVATE KEY`).
  /// - Throws: `.unsupported` for Ed25519, which never had one.
  package static func traditional(_ key: Certificate.PrivateKey) throws(FormatError) -> PEM.Block {
    let document = try document(of: key)
    if document.label == "RSA PRIVATE KEY" { return document }
    let sec1 = try FormatError.decoding("EC key") {
      let info = try PrivateKeyInfo(derEncoded: document.der)
      guard info.algorithm.algorithm == .ecPublicKey else {
        throw FormatError.unsupported("a traditional form of this kind of key")
      }
      var sec1 = try ECPrivateKey(derEncoded: info.privateKey)
      sec1.curve = try ASN1ObjectIdentifier(asn1Any: try info.algorithm.parameters.required())
      return sec1
    }
    return PEM.Block(label: "EC PRIVATE KEY", der: try sec1.derBytes())
  }

  /// What swift-certificates makes of it: PKCS#1 for RSA, PKCS#8 for all others.
  private static func document(of key: Certificate.PrivateKey) throws(FormatError) -> PEM.Block {
    do {
      let document = try key.serializeAsPEM()
      return PEM.Block(label: document.discriminator, der: document.derBytes)
    } catch {
      throw .unsupported("exporting a key that is not held as bytes")
    }
  }
}
