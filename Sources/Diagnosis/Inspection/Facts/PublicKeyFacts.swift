/// What a SubjectPublicKeyInfo says, whether or not we can use the key.
///
///     SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
package struct PublicKeyFacts: Hashable, Sendable {
  /// `RSA`, `EC`, `Ed25519`, `DSA`, `ML-DSA-65`; the dotted identifier of an algorithm that has no name here.
  package var algorithm: String
  package var objectIdentifier: String
  /// Bits of the RSA or DSA modulus, or of the curve's field.
  package var bits: Int?
  /// The named curve; nil also where the parameters are spelt out.
  package var curve: String?
  /// The curve's parameters are spelt out instead of named (RFC 5480 §2.1.1 forbids it).
  package var hasExplicitParameters: Bool
  /// DER of the whole SubjectPublicKeyInfo.
  package var encoded: [UInt8]
  /// The key itself: the BIT STRING's bytes.
  package var key: [UInt8]

  /// `RSA 2048`, `EC P-256`, `Ed25519`.
  package var summary: String {
    if hasExplicitParameters { return "\(algorithm) with explicit parameters" + (bits.map { " (\($0) bits)" } ?? "") }
    return [algorithm, curve ?? bits.map(String.init)].compactMap(\.self).joined(separator: " ")
  }

  /// Why the key is too weak to rely on, or nil.
  package var weakness: String? {
    switch algorithm {
    case "RSA", "RSA-PSS", "RSA-OAEP":
      if let bits, bits < 2048 { return "RSA with \(bits) bits is within reach of factoring; 2048 is the least" }
    case "DSA":
      return "DSA is withdrawn (FIPS 186-5) and no TLS 1.3 peer accepts it"
    case "EC", "ECDH":
      if let bits, bits < 224 { return "\(curve ?? "a curve of \(bits) bits") gives less than 112 bits of security" }
    default: break
    }
    return nil
  }

  /// Countersign and the TLS libraries around it can use keys of this kind.
  package var isUsable: Bool {
    switch algorithm {
    case "RSA": true
    case "EC": ["P-256", "P-384", "P-521"].contains(curve)
    case "Ed25519": true
    default: false
    }
  }

  init(_ element: DERElement) throws(DERDefect) {
    let fields = try element.sequence(limit: 8)
    guard fields.count == 2, let key = fields[1].bitStringBytes else {
      throw DERDefect(at: element.encoded.startIndex, "a public key isn't an algorithm and a bit string")
    }
    let identifier = try AlgorithmIdentifier(fields[0])
    self.encoded = element.bytes
    self.key = key
    objectIdentifier = identifier.objectIdentifier
    algorithm = ObjectIdentifierNames.keyAlgorithms[identifier.objectIdentifier] ?? identifier.objectIdentifier
    let size = KeySize(algorithm: algorithm, parameters: identifier.parameters, key: key)
    bits = size.bits
    curve = size.curve
    hasExplicitParameters = size.isExplicit
    if curve == "SM2" { algorithm = "SM2" }
  }
}

/// AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } (RFC 5280 §4.1.1.2).
struct AlgorithmIdentifier: Hashable {
  var objectIdentifier: String
  var parameters: DERElement?
  var encoded: [UInt8]

  init(_ element: DERElement) throws(DERDefect) {
    let fields = try element.sequence(limit: 8)
    guard let first = fields.first, let objectIdentifier = first.objectIdentifier else {
      throw DERDefect(at: element.encoded.startIndex, "an algorithm has no object identifier")
    }
    self.objectIdentifier = objectIdentifier
    parameters = fields.dropFirst().first
    encoded = element.bytes
  }
}

/// How large a key is, from its algorithm's parameters and its own bytes.
struct KeySize {
  var bits: Int?
  var curve: String?
  var isExplicit = false

  init(algorithm: String, parameters: DERElement?, key: [UInt8]) {
    switch algorithm {
    case "RSA", "RSA-PSS", "RSA-OAEP":
      // RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
      let fields = Self.sequence(key)
      bits = fields.first?.integerBytes.map(Self.bitCount)
    case "DSA", "DH", "X9.42 DH":
      bits = (try? parameters?.sequence(limit: 16))?.first?.integerBytes.map(Self.bitCount)
    case "EC", "ECDH":
      readCurve(parameters)
    default:
      break
    }
  }

  /// ECParameters ::= CHOICE { namedCurve OBJECT IDENTIFIER, implicitCurve NULL, specifiedCurve SpecifiedECDomain }
  private mutating func readCurve(_ parameters: DERElement?) {
    if let name = parameters?.objectIdentifier {
      curve = ObjectIdentifierNames.curves[name]?.name ?? name
      bits = ObjectIdentifierNames.curves[name]?.bits
      return
    }
    // SpecifiedECDomain ::= SEQUENCE { version, fieldID SEQUENCE { type, parameters }, curve, base, order, … }
    guard let fields = try? parameters?.sequence(limit: 16) else { return }
    isExplicit = true
    guard fields.count > 1, let field = try? fields[1].sequence(limit: 8), field.count > 1 else { return }
    bits = field[1].integerBytes.map(Self.bitCount)
  }

  static func bitCount(_ integer: [UInt8]) -> Int {
    let magnitude = integer.drop { $0 == 0 }
    guard let first = magnitude.first else { return 0 }
    return magnitude.count * 8 - first.leadingZeroBitCount
  }

  private static func sequence(_ bytes: [UInt8]) -> [DERElement] {
    var reader = DERReader(bytes)
    guard let element = try? reader.next() else { return [] }
    return (try? element.sequence(limit: 8)) ?? []
  }
}
