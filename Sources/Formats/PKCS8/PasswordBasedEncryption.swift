import SwiftASN1

/// A password-based encryption scheme, found by its `AlgorithmIdentifier`.
enum PasswordBasedEncryption {
  case pbes2(PBES2)
  /// One that only ``LegacyDecryption`` can do; the name is for messages.
  case legacy(String)

  /// - Throws: `.unsupported` with the scheme's name; `.tooLarge` when it asks for more work than is left.
  init(_ algorithm: AlgorithmIdentifier, limit: inout WorkLimit) throws(FormatError) {
    if algorithm.algorithm == .pbes2 {
      let parameters = try FormatError.decoding("PBES2 parameters") {
        try PBES2Parameters(asn1Any: try algorithm.parameters.required())
      }
      let derivation = try KeyDerivation(parameters.keyDerivation)
      try derivation.spend(from: &limit)
      if let name = Self.legacyCiphers[parameters.encryption.algorithm] {
        self = .legacy(name)
      } else {
        self = .pbes2(PBES2(derivation: derivation, cipher: try BlockCipher(parameters.encryption)))
      }
    } else if let name = Self.legacySchemes[algorithm.algorithm] {
      let parameters = try FormatError.decoding("\(name) parameters") {
        try PBEParameters(asn1Any: try algorithm.parameters.required())
      }
      try limit.spend(iterations: parameters.iterations)
      self = .legacy(name)
    } else {
      throw .unsupported("encryption with \(Self.otherSchemes[algorithm.algorithm] ?? "\(algorithm.algorithm)")")
    }
  }

  /// The PKCS#12 schemes (RFC 7292 appendix C) that are still met.
  private static let legacySchemes: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 113549, 1, 12, 1, 1]: "PBE-SHA1-RC4-128",
    [1, 2, 840, 113549, 1, 12, 1, 3]: "PBE-SHA1-3DES",
    [1, 2, 840, 113549, 1, 12, 1, 6]: "PBE-SHA1-RC2-40",
  ]
  private static let legacyCiphers: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 113549, 3, 7]: "PBES2 and 3DES",
    [1, 2, 840, 113549, 3, 2]: "PBES2 and RC2",
  ]
  private static let otherSchemes: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 113549, 1, 12, 1, 2]: "PBE-SHA1-RC4-40",
    [1, 2, 840, 113549, 1, 12, 1, 4]: "PBE-SHA1-2DES",
    [1, 2, 840, 113549, 1, 12, 1, 5]: "PBE-SHA1-RC2-128",
    [1, 2, 840, 113549, 1, 5, 1]: "PBE-MD2-DES",
    [1, 2, 840, 113549, 1, 5, 3]: "PBE-MD5-DES",
    [1, 2, 840, 113549, 1, 5, 6]: "PBE-MD5-RC2-64",
    [1, 2, 840, 113549, 1, 5, 10]: "PBE-SHA1-DES",
    [1, 2, 840, 113549, 1, 5, 11]: "PBE-SHA1-RC2-64",
  ]
}

extension Optional where Wrapped == ASN1Any {
  func required() throws -> ASN1Any {
    guard let self else { throw ASN1Error.truncatedASN1Field() }
    return self
  }
}

/// RFC 7292 appendix C, RFC 8018 §A.3.
///
///     pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER }
private struct PBEParameters: DERParseable {
  var iterations: Int

  init(derEncoded node: ASN1Node) throws {
    iterations = try DER.sequence(node, identifier: .sequence) { nodes in
      _ = try ASN1OctetString(derEncoded: &nodes)
      return try Int(derEncoded: &nodes)
    }
  }
}

/// RFC 8018 §A.4.
///
///     PBES2-params ::= SEQUENCE {
///       keyDerivationFunc  AlgorithmIdentifier,
///       encryptionScheme   AlgorithmIdentifier }
struct PBES2Parameters: DERParseable, DERSerializable {
  var keyDerivation: AlgorithmIdentifier
  var encryption: AlgorithmIdentifier

  init(keyDerivation: AlgorithmIdentifier, encryption: AlgorithmIdentifier) {
    self.keyDerivation = keyDerivation
    self.encryption = encryption
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      PBES2Parameters(
        keyDerivation: try AlgorithmIdentifier(derEncoded: &nodes),
        encryption: try AlgorithmIdentifier(derEncoded: &nodes))
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(keyDerivation)
      try coder.serialize(encryption)
    }
  }
}

extension ASN1ObjectIdentifier {
  static let pbes2: Self = [1, 2, 840, 113549, 1, 5, 13]
}
