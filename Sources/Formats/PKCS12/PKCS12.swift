import SwiftASN1

/// PKCS#12 archives (RFC 7292): `.p12` and `.pfx` files of OpenSSL, Java, Windows and NSS.
package enum PKCS12 {
  /// Larger inputs are refused.
  package static let sizeLimit = 16 << 20

  /// For encryption and for the authentication code alike, since guessing goes through the cheaper of the two.
  /// OpenSSL and Java write 2,048 and 10,000, and read this.
  package static let defaultIterations = EncryptedPKCS8.Parameters.minimumIterations

  /// Reads keys with their chains, and trusted certificates.
  ///
  /// PBES2 with AES, as OpenSSL 3 and Java 17 write it, is ours; 3DES and RC2 of older writers are `legacy`'s. Then
  /// the names of certificates are lost, and the order tells. A file without authentication code is read as well.
  /// - Parameter password: nil or empty for a file without one.
  /// - Throws: `.wrongPassphrase`, `.passphraseNeeded` (nil, and the file has one), `.unsupported`, `.malformed`,
  ///   `.tooLarge`.
  package static func decode(
    _ bytes: [UInt8], password: String?, legacy: (any LegacyDecryption)?
  ) throws(FormatError) -> KeyStore {
    guard bytes.count <= sizeLimit else {
      throw .tooLarge(what: "the size in bytes of a PKCS#12 file", limit: sizeLimit)
    }
    var reader = PKCS12Reader(password: password ?? "", legacy: legacy)
    do {
      try reader.read(bytes)
    } catch .wrongPassphrase where password == nil {
      throw .passphraseNeeded
    }
    return reader.keyStore()
  }

  /// Whether these bytes look like a PKCS#12 file: a SEQUENCE of version 3 and a ContentInfo.
  package static func isLikely(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= sizeLimit, let der = try? BERNormalisation.der(from: bytes) else { return false }
    return (try? PFX(derEncoded: der)) != nil
  }

  /// Writes keys with their chains and trusted certificates, all of them encrypted: PBES2 with PBKDF2-HMAC-SHA256 and
  /// AES-256-CBC, under HMAC-SHA256.
  ///
  /// Trusted certificates carry the mark that Java wants to see, so that the file serves as a Java trust store too.
  /// - Parameter randomness: for salts and IVs, a cryptographic generator.
  /// - Throws: `.passphraseNeeded` for an empty password; `.malformed` for a key that is not PKCS#8.
  package static func encode(
    _ store: KeyStore, password: String, randomness: inout some RandomNumberGenerator
  ) throws(FormatError) -> [UInt8] {
    try encode(store, password: password, iterations: defaultIterations, randomness: &randomness)
  }

  static func encode(
    _ store: KeyStore, password: String, iterations: Int, randomness: inout some RandomNumberGenerator
  ) throws(FormatError) -> [UInt8] {
    guard !password.isEmpty else { throw .passphraseNeeded }
    var writer = PKCS12Writer(password: password, iterations: iterations)
    for entry in store.entries { try writer.add(entry, randomness: &randomness) }
    let contents = try writer.authenticatedSafe(randomness: &randomness)
    return try archive(contents, password: password, salt: randomness.bytes(16), iterations: iterations)
  }

  /// An archive around one `ContentInfo` of another, with a key of its own, so that a reader which insists on a key
  /// can be made to read certificates. Nothing in it is secret that wasn't in the `ContentInfo`.
  package static func archive(
    around contentInfo: [UInt8], key pkcs8: [UInt8], certificate: [UInt8], password: [UInt8]
  ) throws(FormatError) -> [UInt8] {
    let contents = try FormatError.decoding("PKCS#12 contents") {
      let bags = [
        SafeBag(type: SafeBag.key, value: try ASN1Any(derEncoded: pkcs8), attributes: .init()),
        SafeBag(
          type: SafeBag.certificate, value: try ASN1Any(erasing: CertBag(certificate: certificate)),
          attributes: .init()),
      ]
      return try SequenceOf(
        [try ContentInfo(derEncoded: contentInfo), try ContentInfo(data: try SequenceOf(bags).derBytes())]
      ).derBytes()
    }
    return try archive(
      contents, password: String(decoding: password, as: UTF8.self), salt: [UInt8](repeating: 0, count: 8),
      iterations: 1)
  }

  private static func archive(
    _ contents: [UInt8], password: String, salt: [UInt8], iterations: Int
  ) throws(FormatError) -> [UInt8] {
    let mac = try PKCS12MAC.make(over: contents, password: password, salt: salt, iterations: iterations)
    let authSafe = try FormatError.decoding("PKCS#12 contents") { try ContentInfo(data: contents) }
    return try PFX(authSafe: authSafe, macData: mac).derBytes()
  }
}

/// SEQUENCE OF something.
struct SequenceOf<Element: DERSerializable>: DERSerializable {
  var elements: [Element]

  init(_ elements: [Element]) {
    self.elements = elements
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.serializeSequenceOf(elements)
  }
}
