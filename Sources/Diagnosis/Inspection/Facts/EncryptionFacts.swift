/// How a private key or a key store is encrypted.
package struct EncryptionFacts: Hashable, Sendable {
  /// `PBES2`, `PBE-SHA1-3DES`, `DEK-Info`.
  package var scheme: String
  /// `PBKDF2 with HMAC-SHA256`, `scrypt`.
  package var keyDerivation: String?
  package var iterations: Int?
  /// `AES-256-CBC`.
  package var cipher: String?

  package var summary: String {
    let rounds = iterations.map { "\($0) rounds" }
    return [scheme, keyDerivation, rounds, cipher].compactMap(\.self).joined(separator: ", ")
  }

  /// Why the encryption gives too little, or nil.
  package var weakness: String? {
    let names = [scheme, cipher ?? ""].joined(separator: " ")
    if scheme == "DEK-Info" { return "the key is derived from the passphrase by a single round of MD5" }
    if names.contains("RC2") || names.contains("RC4") {
      return "RC2 and RC4 are broken, and modern libraries can't read them"
    }
    if names.contains("3DES") || names.contains("2DES") { return "3DES is withdrawn, and libraries drop it" }
    if names.contains("DES") { return "DES keys have 56 bits" }
    if names.contains("MD5") || names.contains("MD2") { return "MD5 is broken" }
    if let iterations, iterations < 1000 { return "\(iterations) rounds make passphrases quick to guess" }
    return nil
  }

  package init(scheme: String, keyDerivation: String? = nil, iterations: Int? = nil, cipher: String? = nil) {
    self.scheme = scheme
    self.keyDerivation = keyDerivation
    self.iterations = iterations
    self.cipher = cipher
  }

  /// The scheme of a traditional PEM key, from its `DEK-Info` header (RFC 1423 §1.1).
  init(dekInfo: String) {
    self.init(scheme: "DEK-Info", keyDerivation: "MD5", cipher: String(dekInfo.prefix { $0 != "," }).printable)
  }

  /// Reads EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }.
  /// - Throws: ``DERDefect`` when the bytes aren't one.
  package init(encryptedPKCS8 der: [UInt8]) throws(DERDefect) {
    var reader = DERReader(der)
    guard let fields = try reader.next()?.sequence(limit: 2), fields.count == 2, fields[1].isUniversal(.octetString)
    else {
      throw DERDefect(at: 0, "this isn't an encrypted private key")
    }
    self.init(algorithm: try AlgorithmIdentifier(fields[0]))
  }

  /// PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier }
  init(algorithm: AlgorithmIdentifier) {
    scheme = ObjectIdentifierNames.encryption[algorithm.objectIdentifier] ?? algorithm.objectIdentifier
    let fields = (try? algorithm.parameters?.sequence(limit: 8)) ?? []
    guard scheme == "PBES2" else {
      // PBEParameter ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER }
      iterations = fields.dropFirst().first?.smallInteger
      return
    }
    if let derivation = fields.first, let identifier = try? AlgorithmIdentifier(derivation) {
      read(derivation: identifier)
    }
    if let encryption = fields.dropFirst().first, let identifier = try? AlgorithmIdentifier(encryption) {
      cipher = ObjectIdentifierNames.encryption[identifier.objectIdentifier] ?? identifier.objectIdentifier
    }
  }

  /// PBKDF2-params ::= SEQUENCE { salt, iterationCount INTEGER, keyLength INTEGER OPTIONAL,
  ///                              prf AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 } (RFC 8018 §A.2);
  /// scrypt-params ::= SEQUENCE { salt, costParameter, blockSize, parallelization, … } (RFC 7914 §7)
  private mutating func read(derivation: AlgorithmIdentifier) {
    let name = ObjectIdentifierNames.encryption[derivation.objectIdentifier] ?? derivation.objectIdentifier
    guard name == "PBKDF2" else {
      keyDerivation = name
      return
    }
    let fields = (try? derivation.parameters?.sequence(limit: 8)) ?? []
    iterations = fields.dropFirst().first?.smallInteger
    let function = fields.last.flatMap { try? AlgorithmIdentifier($0).objectIdentifier }
    let hash = function.map { ObjectIdentifierNames.encryption[$0] ?? $0 } ?? "HMAC-SHA1"
    keyDerivation = "PBKDF2 with \(hash)"
  }
}
