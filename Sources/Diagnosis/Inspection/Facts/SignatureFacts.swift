/// The algorithm and bytes of a signature on a certificate, a request or a revocation list.
package struct SignatureFacts: Hashable, Sendable {
  /// `ecdsa-with-SHA256`; the dotted identifier of an algorithm that has no name here.
  package var algorithm: String
  package var objectIdentifier: String
  /// The hash function that RSASSA-PSS names in its parameters (RFC 4055 §3.1).
  package var hash: String?
  package var saltLength: Int?
  /// The signature itself.
  package var bytes: [UInt8]
  /// DER of the algorithm identifier, to compare the inner with the outer one.
  var identifier: [UInt8]

  package var summary: String { hash.map { "\(algorithm) with \($0)" } ?? algorithm }

  /// Why the signature can be forged, or nil.
  package var weakness: String? {
    let name = summary.lowercased()
    if name.contains("md5") || name.contains("md4") || name.contains("md2") {
      return "MD5 and older hashes have practical collisions"
    }
    if name.contains("sha1") || name.contains("sha-1") {
      return "SHA-1 has practical collisions, and openssl 3, Go and Java refuse it"
    }
    return nil
  }

  /// Countersign and the TLS libraries around it can check signatures of this kind.
  package var isUsable: Bool { Self.usable.contains(algorithm) }

  private static let usable: Set<String> = [
    "sha256WithRSAEncryption", "sha384WithRSAEncryption", "sha512WithRSAEncryption", "RSASSA-PSS", "ecdsa-with-SHA256",
    "ecdsa-with-SHA384", "ecdsa-with-SHA512", "Ed25519",
  ]

  init(algorithm element: DERElement, bytes: [UInt8]) throws(DERDefect) {
    let identifier = try AlgorithmIdentifier(element)
    objectIdentifier = identifier.objectIdentifier
    algorithm = ObjectIdentifierNames.signatures[objectIdentifier] ?? objectIdentifier
    self.identifier = identifier.encoded
    self.bytes = bytes
    if algorithm == "RSASSA-PSS" { readPSS(identifier.parameters) }
  }

  /// RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1] DEFAULT mgf1SHA1,
  ///                                  saltLength [2] DEFAULT 20, trailerField [3] DEFAULT 1 }
  private mutating func readPSS(_ parameters: DERElement?) {
    hash = "SHA-1"
    saltLength = 20
    guard let fields = try? parameters?.sequence(limit: 8) else { return }
    for field in fields {
      guard let inner = try? field.children(limit: 2).first else { continue }
      if field.isContext(0), let name = try? AlgorithmIdentifier(inner).objectIdentifier {
        hash = ObjectIdentifierNames.hashes[name] ?? name
      }
      if field.isContext(2) { saltLength = inner.smallInteger }
    }
  }
}

/// A signed structure taken apart: certificates, requests and revocation lists share it.
///
///     SEQUENCE { toBeSigned SEQUENCE, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
struct SignedStructure {
  var body: DERElement
  var signature: SignatureFacts
  /// Bytes that follow the structure.
  var trailing: Int

  init(_ der: [UInt8]) throws(DERDefect) {
    var reader = DERReader(der)
    guard let outer = try reader.next() else { throw DERDefect(at: 0, "there are no bytes") }
    let fields = try outer.sequence(limit: 8)
    guard fields.count == 3, fields[0].isUniversal(.sequence), let bits = fields[2].bitStringBytes else {
      throw DERDefect(at: 0, "this isn't signed data: a body, an algorithm and a signature were expected")
    }
    body = fields[0]
    signature = try SignatureFacts(algorithm: fields[1], bytes: bits)
    trailing = reader.remaining.count
  }
}
