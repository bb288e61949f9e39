/// Decryption with the ciphers that old tools wrote and that swift-crypto doesn't have (3DES, RC2, RC4).
///
/// Only for reading what others left behind; nothing is ever written with them. Iteration counts are checked before
/// a call, passphrases and ciphertexts are not.
package protocol LegacyDecryption: Sendable {
  /// Decrypts one PEM block, `ENCRYPTED PRIVATE KEY` or one with a `DEK-Info` header.
  /// - Returns: the key as PKCS#8, PKCS#1 or SEC1 DER.
  /// - Throws: `.wrongPassphrase`, `.unsupported`.
  func decryptPrivateKey(pem: String, passphrase: String) throws(FormatError) -> [UInt8]

  /// Decrypts the certificates of one PKCS#7 `EncryptedData`, a `ContentInfo` of a PKCS#12 file.
  /// - Returns: certificates as DER, in the order of the file.
  /// - Throws: `.wrongPassphrase`, `.unsupported`.
  func decryptCertificates(contentInfo: [UInt8], password: String) throws(FormatError) -> [[UInt8]]
}
