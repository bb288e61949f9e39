/// What a private key file holds. Nothing of the secret part is kept.
package struct PrivateKeyFacts: Hashable, Sendable {
  /// The structure that the key is written in.
  package enum Encoding: String, Hashable, Sendable {
    case pkcs1 = "PKCS#1"
    case sec1 = "SEC1"
    case pkcs8 = "PKCS#8"
    case traditionalDSA = "traditional DSA"
    case openSSH = "OpenSSH"
  }

  package var encoding: Encoding
  package var algorithm: String
  package var bits: Int?
  package var curve: String?
  package var hasExplicitParameters: Bool
  /// The public half, where it is in the file or can be computed; matched against certificates.
  package var publicKey: PublicKeyFacts?
  /// How the key was protected before it was opened.
  package var encryption: EncryptionFacts?

  package var summary: String {
    if let publicKey { return publicKey.summary }
    return [algorithm, curve ?? bits.map(String.init)].compactMap(\.self).joined(separator: " ")
  }

  /// Reads a plain key in PKCS#8, PKCS#1, SEC 1 or the traditional form of DSA.
  /// - Throws: ``DERDefect`` when the bytes are none of them.
  package init(der: [UInt8], encryption: EncryptionFacts? = nil) throws(DERDefect) {
    var reader = DERReader(der)
    guard let outer = try reader.next() else { throw DERDefect(at: 0, "there are no bytes") }
    let fields = try outer.sequence(limit: 32)
    guard let version = fields.first?.smallInteger, fields.count > 1 else {
      throw DERDefect(at: 0, "this isn't a private key: it doesn't begin with a version")
    }
    self.encryption = encryption
    algorithm = "unknown"
    hasExplicitParameters = false
    if fields[1].isUniversal(.sequence), fields.count > 2 {
      encoding = .pkcs8
      try readPKCS8(fields)
    } else if fields[1].isUniversal(.octetString), version == 1 {
      encoding = .sec1
      try readSEC1(fields, parameters: nil)
    } else if fields.count >= 9 {
      encoding = .pkcs1
      readPKCS1(fields)
    } else if fields.count == 6 {
      encoding = .traditionalDSA
      readTraditionalDSA(fields)
    } else {
      throw DERDefect(at: 0, "this isn't a private key of a known structure")
    }
  }

  init(openSSH: Void) {
    encoding = .openSSH
    algorithm = "unknown"
    hasExplicitParameters = false
  }

  /// PrivateKeyInfo ::= SEQUENCE { version INTEGER, algorithm AlgorithmIdentifier, privateKey OCTET STRING,
  ///                               attributes [0] OPTIONAL, publicKey [1] OPTIONAL } (RFC 5958 §2)
  private mutating func readPKCS8(_ fields: [DERElement]) throws(DERDefect) {
    let identifier = try AlgorithmIdentifier(fields[1])
    algorithm = ObjectIdentifierNames.keyAlgorithms[identifier.objectIdentifier] ?? identifier.objectIdentifier
    let size = KeySize(algorithm: algorithm, parameters: identifier.parameters, key: [])
    bits = size.bits
    curve = size.curve
    hasExplicitParameters = size.isExplicit
    var reader = DERReader(fields[2].content)
    switch algorithm {
    case "RSA", "RSA-PSS":
      if let inner = try reader.next() { readPKCS1(try inner.sequence(limit: 32), identifier: fields[1].bytes) }
    case "EC", "ECDH":
      if let inner = try reader.next() { try readSEC1(try inner.sequence(limit: 8), parameters: fields[1]) }
    case "Ed25519":
      let seed = try reader.next()?.value ?? []
      publicKey = PublicKeyDerivation.ed25519(seed).flatMap { Self.publicKey(algorithm: fields[1].bytes, key: $0) }
    default:
      // OneAsymmetricKey carries the public key as [1] IMPLICIT BIT STRING.
      guard let bits = fields.first(where: { $0.isContext(1) }), bits.content.first == 0 else { return }
      publicKey = Self.publicKey(algorithm: fields[1].bytes, key: Array(bits.content.dropFirst()))
    }
  }

  /// RSAPrivateKey ::= SEQUENCE { version, modulus, publicExponent, privateExponent, … } (RFC 8017 §A.1.2)
  private mutating func readPKCS1(_ fields: [DERElement], identifier: [UInt8] = DERWriter.rsaIdentifier) {
    if algorithm == "unknown" { algorithm = "RSA" }
    guard fields.count > 2, let modulus = fields[1].integerBytes else { return }
    bits = KeySize.bitCount(modulus)
    publicKey = Self.publicKey(
      algorithm: identifier, key: DERWriter.sequence([fields[1].bytes, fields[2].bytes]))
  }

  /// ECPrivateKey ::= SEQUENCE { version INTEGER (1), privateKey OCTET STRING, parameters [0] OPTIONAL,
  ///                             publicKey [1] BIT STRING OPTIONAL } (RFC 5915 §3)
  private mutating func readSEC1(_ fields: [DERElement], parameters outer: DERElement?) throws(DERDefect) {
    algorithm = "EC"
    let inner = try fields.first { $0.isContext(0) }?.children(limit: 1).first
    let parameters = try outer.map { element throws(DERDefect) in try AlgorithmIdentifier(element).parameters } ?? inner
    let size = KeySize(algorithm: algorithm, parameters: parameters, key: [])
    bits = size.bits
    curve = size.curve
    hasExplicitParameters = size.isExplicit
    guard let parameters, fields.count > 1 else { return }
    let stored = try fields.first { $0.isContext(1) }?.children(limit: 1).first?.bitStringBytes
    guard let point = stored ?? PublicKeyDerivation.point(curve: curve, scalar: fields[1].value) else { return }
    publicKey = Self.publicKey(algorithm: DERWriter.ecIdentifier(parameters: parameters.bytes), key: point)
  }

  /// SEQUENCE { version, p, q, g, y, x }, as openssl has always written DSA keys.
  private mutating func readTraditionalDSA(_ fields: [DERElement]) {
    algorithm = "DSA"
    guard fields.count == 6, let prime = fields[1].integerBytes else { return }
    bits = KeySize.bitCount(prime)
    publicKey = Self.publicKey(
      algorithm: DERWriter.dsaIdentifier(parameters: fields[1...3].map(\.bytes)), key: fields[4].bytes)
  }

  private static func publicKey(algorithm: [UInt8], key: [UInt8]) -> PublicKeyFacts? {
    var reader = DERReader(DERWriter.sequence([algorithm, DERWriter.element(0x03, [0] + key)]))
    guard let element = try? reader.next() else { return nil }
    return try? PublicKeyFacts(element)
  }
}

extension PublicKeyFacts {
  /// The two are one key, however its algorithm identifier is written (RSA and RSA-PSS share keys).
  package func isSameKey(as other: PublicKeyFacts) -> Bool {
    guard key == other.key else { return false }
    return curve == other.curve || curve == nil || other.curve == nil
  }
}
