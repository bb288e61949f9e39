import Crypto
import SwiftASN1
package import X509

/// How a question names a certificate (RFC 6960 §4.1.1).
///
///     CertID ::= SEQUENCE {
///         hashAlgorithm   AlgorithmIdentifier,
///         issuerNameHash  OCTET STRING, -- Hash of issuer's DN
///         issuerKeyHash   OCTET STRING, -- Hash of issuer's public key
///         serialNumber    CertificateSerialNumber }
package struct CertificateID: Hashable, Sendable {
  /// As it came, to be repeated in the answer byte for byte.
  package let encoded: [UInt8]
  /// Nil where the hash is none that we compute.
  package let issuer: IssuerHashes?
  /// Nil for a negative one, which no certificate has.
  package let serial: SerialNumber?

  /// Longer than any hash and any serial number that is in use.
  private static let longestField = 64

  init?(_ element: DERReader.Element) {
    var fields = DERReader(element.content)
    guard let algorithm = fields.next(DERTag.sequence), let name = fields.next(DERTag.octetString),
      let key = fields.next(DERTag.octetString), let serial = fields.next(DERTag.integer), fields.isAtEnd,
      name.content.count <= Self.longestField, key.content.count <= Self.longestField,
      let identifier = Self.identifier(algorithm), let number = Self.number(serial.content)
    else { return nil }
    encoded = Array(element.encoded)
    issuer = IssuerHashes.Algorithm.allCases.first { identifier.elementsEqual($0.identifier) }.map {
      IssuerHashes(algorithm: $0, name: Array(name.content), key: Array(key.content))
    }
    self.serial = number.isNegative ? nil : SerialNumber(bytes: number.magnitude)
  }

  /// The object identifier's content. Parameters are NULL or absent; no hash has others.
  private static func identifier(_ algorithm: DERReader.Element) -> ArraySlice<UInt8>? {
    var fields = DERReader(algorithm.content)
    guard let identifier = fields.next(DERTag.objectIdentifier) else { return nil }
    if let null = fields.next(DERTag.null) { guard null.content.isEmpty else { return nil } }
    return fields.isAtEnd ? identifier.content : nil
  }

  private static func number(_ content: ArraySlice<UInt8>) -> (magnitude: ArraySlice<UInt8>, isNegative: Bool)? {
    guard let first = content.first, content.count <= longestField else { return nil }
    // X.690 §8.3.2: the first nine bits are neither all zero nor all one.
    if let second = content.dropFirst().first {
      guard !(first == 0 && second < 0x80), !(first == 0xff && second >= 0x80) else { return nil }
    }
    let digits = content.drop { $0 == 0 }
    return (digits.isEmpty ? content : digits, first >= 0x80)
  }
}

/// An issuer as a question names it.
package struct IssuerHashes: Hashable, Sendable {
  package enum Algorithm: Hashable, Sendable, CaseIterable {
    case sha1, sha256, sha384, sha512

    /// The object identifier's content octets (RFC 3279 §2.1, RFC 5754 §2).
    var identifier: [UInt8] {
      switch self {
      case .sha1: [0x2b, 0x0e, 0x03, 0x02, 0x1a]
      case .sha256: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
      case .sha384: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]
      case .sha512: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]
      }
    }

    /// SHA-1 names an issuer here, as every client does by default; nothing is signed or trusted by it.
    func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
      let data = Array(bytes)
      return switch self {
      case .sha1: Array(Insecure.SHA1.hash(data: data))
      case .sha256: Array(SHA256.hash(data: data))
      case .sha384: Array(SHA384.hash(data: data))
      case .sha512: Array(SHA512.hash(data: data))
      }
    }
  }

  package let algorithm: Algorithm
  /// Of the issuer's Name, DER.
  package let name: [UInt8]
  /// Of the subjectPublicKey's bits, without tag, length and count of unused bits.
  package let key: [UInt8]

  /// All the ways in which a question may name this issuer.
  package static func all(of certificate: Certificate) -> [IssuerHashes] {
    guard let fields = CertificateFields(certificate), let bits = fields.publicKeyBits else { return [] }
    return Algorithm.allCases.map {
      IssuerHashes(algorithm: $0, name: $0.hash(fields.subject), key: $0.hash(bits))
    }
  }
}

extension CertificateFields {
  /// The content of the subjectPublicKey, without its count of unused bits.
  var publicKeyBits: ArraySlice<UInt8>? {
    var reader = DERReader(publicKey)
    guard reader.next(DERTag.sequence) != nil, let bits = reader.next(DERTag.bitString) else { return nil }
    return bits.content.dropFirst()
  }
}
