import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// Reads one private key out of PEM blocks or DER.
struct KeyReader {
  var passphrase: String?
  var legacy: (any LegacyDecryption)?

  /// The first private key of a file.
  func key(blocks: [PEM.Block]) throws(FormatError) -> Certificate.PrivateKey {
    guard let block = blocks.first(where: KeyCoding.isPrivateKey) else { throw .notPEM("a private key") }
    let curve = blocks.first { $0.label == "EC PARAMETERS" }.flatMap { try? ASN1ObjectIdentifier(derEncoded: $0.der) }
    if TraditionalEncryption.isUsed(in: block) {
      guard let passphrase else { throw .passphraseNeeded }
      let der = try TraditionalEncryption.decrypt(block, passphrase: passphrase, legacy: legacy)
      // This encryption has no check of its own, only its padding.
      do {
        return try key(der: der, curve: curve)
      } catch .malformed {
        throw .wrongPassphrase
      }
    }
    switch block.label {
    case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
      return try key(der: block.der, curve: curve)
    default:
      throw .unsupported("a key of the kind '\(block.label)'")
    }
  }

  /// The structure tells the format: the second field of PKCS#8 is a SEQUENCE, of SEC 1 an OCTET STRING, of PKCS#1 an
  /// INTEGER, and only encrypted PKCS#8 starts with a SEQUENCE.
  func key(der: [UInt8], curve: ASN1ObjectIdentifier? = nil) throws(FormatError) -> Certificate.PrivateKey {
    let node = try FormatError.decoding("private key") { try DER.parse(der) }
    let fields = node.identifier == .sequence ? node.children ?? [] : []
    guard fields.count >= 2 else {
      throw .malformed(format: "private key", reason: "it is neither PEM nor the DER of a key")
    }
    switch (fields[0].identifier, fields[1].identifier) {
    case (.sequence, .octetString):
      guard let passphrase else { throw .passphraseNeeded }
      let plain = try EncryptedPKCS8.decrypt(der, passphrase: passphrase, legacy: legacy)
      return try KeyReader(passphrase: nil, legacy: nil).key(der: plain, curve: curve)
    case (.integer, .sequence):
      return try key(pkcs8: try FormatError.decoding("PKCS#8 key") { try PrivateKeyInfo(derEncoded: node) })
    case (.integer, .octetString):
      return try ecKey(try FormatError.decoding("SEC 1 key") { try ECPrivateKey(derEncoded: node) }, curve: curve)
    case (.integer, .integer):
      return try rsaKey(der)
    default:
      throw .malformed(format: "private key", reason: "it is DER, but not of a key")
    }
  }

  private func key(pkcs8 info: PrivateKeyInfo) throws(FormatError) -> Certificate.PrivateKey {
    switch info.algorithm.algorithm {
    case .rsaKey:
      return try rsaKey(info.privateKey)
    case .ecPublicKey:
      let (sec1, curve) = try FormatError.decoding("PKCS#8 EC key") {
        let parameters = try info.algorithm.parameters.required()
        guard let curve = try? ASN1ObjectIdentifier(asn1Any: parameters) else {
          throw FormatError.unsupported("an elliptic curve given by explicit parameters")
        }
        return (try ECPrivateKey(derEncoded: info.privateKey), curve)
      }
      if let inner = sec1.curve, inner != curve {
        throw .malformed(format: "PKCS#8 EC key", reason: "it names two different curves")
      }
      return try ecKey(sec1, curve: curve)
    case .ed25519Key:
      return try FormatError.decoding("Ed25519 key") {
        let seed = try ASN1OctetString(derEncoded: info.privateKey).bytes
        return .init(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
      }
    default:
      throw .unsupported("a key of the kind \(info.algorithm.algorithm.nameOfUnusableKey)")
    }
  }

  private func rsaKey(_ pkcs1: [UInt8]) throws(FormatError) -> Certificate.PrivateKey {
    do {
      return .init(try _RSA.Signing.PrivateKey(unsafeDERRepresentation: pkcs1))
    } catch {
      if let bits = Self.modulusBits(pkcs1), bits < 1024 { throw .unsupported("an RSA key of \(bits) bits") }
      throw .malformed(format: "RSA key", reason: "its numbers don't make an RSA key")
    }
  }

  /// RFC 8017 §A.1.2: version, then the modulus.
  private static func modulusBits(_ pkcs1: [UInt8]) -> Int? {
    guard let fields = (try? DER.parse(pkcs1))?.children, fields.count >= 9, case .primitive(let n) = fields[1].content
    else { return nil }
    let significant = n.drop { $0 == 0 }
    return significant.first.map { significant.count * 8 - $0.leadingZeroBitCount }
  }

  private func ecKey(_ sec1: ECPrivateKey, curve: ASN1ObjectIdentifier?) throws(FormatError) -> Certificate.PrivateKey {
    switch sec1.curve ?? curve ?? Self.curve(ofPoint: sec1.publicKey) {
    case ASN1ObjectIdentifier.secp256r1?:
      return try Self.ecKey(sec1, size: 32) { scalar in
        let key = try P256.Signing.PrivateKey(rawRepresentation: scalar)
        return (.init(key), key.publicKey.x963Representation)
      }
    case ASN1ObjectIdentifier.secp384r1?:
      return try Self.ecKey(sec1, size: 48) { scalar in
        let key = try P384.Signing.PrivateKey(rawRepresentation: scalar)
        return (.init(key), key.publicKey.x963Representation)
      }
    case ASN1ObjectIdentifier.secp521r1?:
      return try Self.ecKey(sec1, size: 66) { scalar in
        let key = try P521.Signing.PrivateKey(rawRepresentation: scalar)
        return (.init(key), key.publicKey.x963Representation)
      }
    case let other?:
      throw .unsupported("a key on the curve \(other.nameOfUnusableKey)")
    case nil:
      throw .malformed(format: "SEC 1 key", reason: "it does not name its curve")
    }
  }

  private static func ecKey(
    _ sec1: ECPrivateKey, size: Int, _ make: ([UInt8]) throws -> (Certificate.PrivateKey, Data)
  ) throws(FormatError) -> Certificate.PrivateKey {
    // Some writers drop leading zeros of the number, some add one.
    let scalar = Array(sec1.privateKey.drop { $0 == 0 })
    guard scalar.count <= size else { throw .malformed(format: "EC key", reason: "the number is too long") }
    let padded = [UInt8](repeating: 0, count: size - scalar.count) + scalar
    let made: (Certificate.PrivateKey, Data)
    do {
      made = try make(padded)
    } catch {
      throw .malformed(format: "EC key", reason: "the number is out of range")
    }
    if let stated = sec1.publicKey, stated.first == 4, stated != Array(made.1) {
      throw .malformed(format: "EC key", reason: "its public half does not belong to its private half")
    }
    return made.0
  }

  private static func curve(ofPoint point: [UInt8]?) -> ASN1ObjectIdentifier? {
    switch point?.count {
    case 65: .secp256r1
    case 97: .secp384r1
    case 133: .secp521r1
    default: nil
    }
  }
}
