import Credentials
import Crypto
package import Foundation
import NIOSSL
import SwiftASN1
package import X509

/// A certificate with its intermediates, and the key that belongs to it.
package struct TLSCredential: Sendable {
  /// The leaf first, then intermediates.
  package var chain: [Certificate]
  package var key: Certificate.PrivateKey

  package init(chain: [Certificate], key: Certificate.PrivateKey) {
    self.chain = chain
    self.key = key
  }

  /// A self-signed client certificate with a new P-256 key, which no server has a reason to trust.
  package static func foreign(at now: Date) throws -> TLSCredential {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let name = try DistinguishedName { CommonName("countersign foreign client") }
    // One that the library chooses may be an octet too long, and would be refused for that.
    var generator = SystemRandomNumberGenerator()
    let serial = Certificate.SerialNumber.random(using: &generator)
    let certificate = try Certificate(
      version: .v3, serialNumber: serial, publicKey: key.publicKey, notValidBefore: now.addingTimeInterval(-300),
      notValidAfter: now.addingTimeInterval(3600), issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.clientAuth])
      },
      issuerPrivateKey: key)
    return TLSCredential(chain: [certificate], key: key)
  }

  package func derChain() throws -> [[UInt8]] {
    try chain.map { certificate in
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      return serializer.serializedBytes
    }
  }

  func certificateSources() throws -> [NIOSSLCertificateSource] {
    try derChain().map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) }
  }

  func privateKeySource() throws -> NIOSSLPrivateKeySource {
    let pem = try key.serializeAsPEM().pemString
    return .privateKey(try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem))
  }
}
