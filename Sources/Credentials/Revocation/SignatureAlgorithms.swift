import SwiftASN1
import X509

/// The signature algorithms that swift-certificates can check, and their AlgorithmIdentifiers (RFC 4055 §5,
/// RFC 5758 §3.2, RFC 8410 §3).
enum SignatureAlgorithms {
  static func algorithm(_ encoded: ArraySlice<UInt8>) -> Certificate.SignatureAlgorithm? {
    known.first { encoded.elementsEqual($0.encoded) }?.algorithm
  }

  static func encoding(_ algorithm: Certificate.SignatureAlgorithm) -> [UInt8]? {
    known.first { $0.algorithm == algorithm }?.encoded
  }

  /// RSA's parameters are NULL when we write them, and may be absent when others do: so RSA stands here twice.
  private static let known: [(algorithm: Certificate.SignatureAlgorithm, encoded: [UInt8])] = [
    (.ecdsaWithSHA256, [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]),
    (.ecdsaWithSHA384, [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]),
    (.ecdsaWithSHA512, [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04]),
    (.ed25519, [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]),
    (.sha256WithRSAEncryption, rsa(0x0b, null: true)), (.sha384WithRSAEncryption, rsa(0x0c, null: true)),
    (.sha512WithRSAEncryption, rsa(0x0d, null: true)), (.sha1WithRSAEncryption, rsa(0x05, null: true)),
    (.sha256WithRSAEncryption, rsa(0x0b, null: false)), (.sha384WithRSAEncryption, rsa(0x0c, null: false)),
    (.sha512WithRSAEncryption, rsa(0x0d, null: false)), (.sha1WithRSAEncryption, rsa(0x05, null: false)),
  ]

  /// 1.2.840.113549.1.1.`arc`
  private static func rsa(_ arc: UInt8, null: Bool) -> [UInt8] {
    let oid: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, arc]
    return null ? [0x30, 0x0d] + oid + [0x05, 0x00] : [0x30, 0x0b] + oid
  }
}
