import Crypto
import CryptoExtras
import SwiftASN1

/// A function that stretches a passphrase into a key.
enum KeyDerivation {
  case pbkdf2(PBKDF2Parameters)
  case scrypt(ScryptParameters)

  private static let pbkdf2OID: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 12]
  private static let scryptOID: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 11591, 4, 11]

  init(_ identifier: AlgorithmIdentifier) throws(FormatError) {
    switch identifier.algorithm {
    case Self.pbkdf2OID:
      self = .pbkdf2(
        try FormatError.decoding("PBKDF2 parameters") {
          try PBKDF2Parameters(asn1Any: try identifier.parameters.required())
        })
    case Self.scryptOID:
      self = .scrypt(
        try FormatError.decoding("scrypt parameters") {
          try ScryptParameters(asn1Any: try identifier.parameters.required())
        })
    default:
      throw .unsupported("PBES2 with key derivation \(identifier.algorithm)")
    }
  }

  func algorithmIdentifier() throws -> AlgorithmIdentifier {
    switch self {
    case .pbkdf2(let parameters): try AlgorithmIdentifier(Self.pbkdf2OID, parameters)
    case .scrypt: throw FormatError.unsupported("writing with scrypt")
    }
  }

  func spend(from limit: inout WorkLimit) throws(FormatError) {
    switch self {
    case .pbkdf2(let parameters): try limit.spend(iterations: parameters.iterations)
    case .scrypt(let parameters): try limit.spend(iterations: try parameters.checkedWork())
    }
  }

  func key(from passphrase: [UInt8], length: Int) throws(FormatError) -> SymmetricKey {
    // HMAC pads its key with zeros, so that no byte and one zero byte give the same key, and the library underneath
    // can't take a passphrase without bytes.
    let passphrase = passphrase.isEmpty ? [0] : passphrase
    do {
      switch self {
      case .pbkdf2(let parameters):
        guard parameters.keyLength ?? length == length else { throw FormatError.unsupported("this key length") }
        return try KDF.Insecure.PBKDF2.deriveKey(
          from: passphrase, salt: parameters.salt, using: parameters.hash.pbkdf2Hash, outputByteCount: length,
          unsafeUncheckedRounds: parameters.iterations)
      case .scrypt(let parameters):
        guard parameters.keyLength ?? length == length else { throw FormatError.unsupported("this key length") }
        return try KDF.Scrypt.deriveKey(
          from: passphrase, salt: parameters.salt, outputByteCount: length, rounds: parameters.cost,
          blockSize: parameters.blockSize, parallelism: parameters.parallelism)
      }
    } catch {
      throw .unsupported("a key derivation with these parameters")
    }
  }
}

/// RFC 8018 §A.2. The salt's alternative, an AlgorithmIdentifier, is used by nobody.
///
///     PBKDF2-params ::= SEQUENCE {
///       salt            OCTET STRING,
///       iterationCount  INTEGER,
///       keyLength       INTEGER OPTIONAL,
///       prf             AlgorithmIdentifier DEFAULT hmacWithSHA1 }
struct PBKDF2Parameters: DERParseable, DERSerializable {
  var salt: [UInt8]
  var iterations: Int
  var keyLength: Int?
  var hash: HashAlgorithm

  init(salt: [UInt8], iterations: Int, keyLength: Int?, hash: HashAlgorithm) {
    self.salt = salt
    self.iterations = iterations
    self.keyLength = keyLength
    self.hash = hash
  }

  init(derEncoded node: ASN1Node) throws {
    self = try DER.sequence(node, identifier: .sequence) { nodes in
      let salt = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
      guard !salt.isEmpty else { throw FormatError.malformed(format: "PBKDF2 parameters", reason: "the salt is empty") }
      let iterations = try Int(derEncoded: &nodes)
      var keyLength: Int?
      var hash = HashAlgorithm.sha1
      var next = nodes.next()
      if let node = next, node.identifier == .integer {
        keyLength = try Int(derEncoded: node)
        next = nodes.next()
      }
      if let node = next { hash = try HashAlgorithm(hmac: try AlgorithmIdentifier(derEncoded: node).algorithm) }
      return PBKDF2Parameters(salt: salt, iterations: iterations, keyLength: keyLength, hash: hash)
    }
  }

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(ASN1OctetString(contentBytes: salt[...]))
      try coder.serialize(iterations)
      if let keyLength { try coder.serialize(keyLength) }
      // DER leaves a default out.
      if hash != .sha1 { try coder.serialize(AlgorithmIdentifier(hash.hmacIdentifier, ASN1Null())) }
    }
  }
}

/// RFC 7914 §7.
///
///     scrypt-params ::= SEQUENCE {
///       salt                      OCTET STRING,
///       costParameter             INTEGER (1..MAX),
///       blockSize                 INTEGER (1..MAX),
///       parallelizationParameter  INTEGER (1..MAX),
///       keyLength                 INTEGER (1..MAX) OPTIONAL }
struct ScryptParameters: DERParseable {
  var salt: [UInt8]
  var cost: Int
  var blockSize: Int
  var parallelism: Int
  var keyLength: Int?

  init(derEncoded node: ASN1Node) throws {
    var nodes =
      (try DER.sequence(node, identifier: .sequence) { nodes in
        var all: [ASN1Node] = []
        while let node = nodes.next() { all.append(node) }
        return all
      }).makeIterator()
    func next() throws -> ASN1Node {
      guard let node = nodes.next() else { throw ASN1Error.truncatedASN1Field() }
      return node
    }
    salt = Array(try ASN1OctetString(derEncoded: try next()).bytes)
    cost = try Int(derEncoded: try next())
    blockSize = try Int(derEncoded: try next())
    parallelism = try Int(derEncoded: try next())
    keyLength = try nodes.next().map { try Int(derEncoded: $0) }
    guard !salt.isEmpty else { throw FormatError.malformed(format: "scrypt parameters", reason: "the salt is empty") }
  }

  /// What this costs in PBKDF2 rounds, roughly, after a check that it fits into 256 MiB.
  func checkedWork() throws(FormatError) -> Int {
    guard cost >= 2, cost & (cost - 1) == 0, blockSize >= 1, parallelism >= 1 else {
      throw .malformed(format: "scrypt parameters", reason: "a parameter is out of range")
    }
    guard cost <= 1 << 21, blockSize <= 64, parallelism <= 64, cost * blockSize <= 1 << 21 else {
      throw .tooLarge(what: "the memory in bytes of an scrypt derivation", limit: 256 << 20)
    }
    return cost * blockSize * parallelism
  }
}
