import Credentials
import Crypto
import CryptoExtras
package import X509

/// What the old key signs: three lines of text, so that `printf` and `openssl dgst -sha256 -sign` make it.
///
///     countersign-late-renewal-v1
///     the nonce, as it was given out
///     SHA-256 of the request's DER, in lower-case hexadecimal
package struct LateRenewalStatement: Hashable, Sendable {
  package static let context = "countersign-late-renewal-v1"

  package let bytes: [UInt8]

  package init(nonce: [UInt8], request der: [UInt8]) {
    bytes = Array("\(Self.context)\n".utf8) + nonce + Array("\n\(Fingerprint(of: der))\n".utf8)
  }

  /// Checks a signature over it: ECDSA in DER or RSASSA-PKCS1-v1_5, both with SHA-256, or Ed25519.
  /// - Throws: ``LateRenewalError/wrongSignature``.
  package func verify(_ signature: [UInt8], by key: Certificate.PublicKey) throws(LateRenewalError) {
    guard isSigned(signature, by: key) else { throw .wrongSignature }
  }

  private func isSigned(_ signature: [UInt8], by key: Certificate.PublicKey) -> Bool {
    let digest = SHA256.hash(data: bytes)
    if let key = P256.Signing.PublicKey(key) {
      return (try? P256.Signing.ECDSASignature(derRepresentation: signature))
        .map { key.isValidSignature($0, for: digest) } ?? false
    }
    if let key = P384.Signing.PublicKey(key) {
      return (try? P384.Signing.ECDSASignature(derRepresentation: signature))
        .map { key.isValidSignature($0, for: digest) } ?? false
    }
    if let key = P521.Signing.PublicKey(key) {
      return (try? P521.Signing.ECDSASignature(derRepresentation: signature))
        .map { key.isValidSignature($0, for: digest) } ?? false
    }
    if let key = Curve25519.Signing.PublicKey(key) { return key.isValidSignature(signature, for: bytes) }
    guard let key = _RSA.Signing.PublicKey(key) else { return false }
    return key.isValidSignature(
      _RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
  }
}
