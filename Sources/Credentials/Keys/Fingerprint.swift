import Crypto
package import SwiftASN1
package import X509

extension DERSerializable {
  /// The value's DER encoding.
  package func derBytes() throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(self)
    return serializer.serializedBytes
  }
}

/// SHA-256 of something's DER: how Countersign names certificates and keys to people.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  package init(of der: some Sequence<UInt8>) {
    bytes = Array(SHA256.hash(data: Array(der)))
  }

  package init(_ certificate: Certificate) throws {
    self.init(of: try certificate.derBytes())
  }

  /// Of the SubjectPublicKeyInfo: the same before and after a renewal with the same key.
  package init(_ key: Certificate.PublicKey) throws {
    self.init(of: try key.derBytes())
  }

  /// Lower-case hexadecimal, without separators.
  package var description: String { bytes.hexadecimal }
}
