import Crypto
import CryptoExtras
import Foundation

/// Whether a key made a signature, as far as swift-crypto knows the algorithms.
enum SignatureCheck: Hashable, Sendable {
  case valid
  case invalid
  /// We can't tell; the text says why.
  case unavailable(String)

  static func check(_ signature: SignatureFacts, over bytes: [UInt8], by key: PublicKeyFacts) -> SignatureCheck {
    switch signature.algorithm {
    case "sha1WithRSAEncryption": rsa(signature, Insecure.SHA1.hash(data: bytes), .insecurePKCS1v1_5, key)
    case "sha256WithRSAEncryption": rsa(signature, SHA256.hash(data: bytes), .insecurePKCS1v1_5, key)
    case "sha384WithRSAEncryption": rsa(signature, SHA384.hash(data: bytes), .insecurePKCS1v1_5, key)
    case "sha512WithRSAEncryption": rsa(signature, SHA512.hash(data: bytes), .insecurePKCS1v1_5, key)
    case "RSASSA-PSS": pss(signature, over: bytes, by: key)
    case "ecdsa-with-SHA1": ecdsa(signature, Insecure.SHA1.hash(data: bytes), key)
    case "ecdsa-with-SHA256": ecdsa(signature, SHA256.hash(data: bytes), key)
    case "ecdsa-with-SHA384": ecdsa(signature, SHA384.hash(data: bytes), key)
    case "ecdsa-with-SHA512": ecdsa(signature, SHA512.hash(data: bytes), key)
    case "Ed25519": ed25519(signature, over: bytes, by: key)
    default: .unavailable("signatures by \(signature.summary) can't be checked here")
    }
  }

  private static func rsa(
    _ signature: SignatureFacts, _ digest: some Digest, _ padding: _RSA.Signing.Padding, _ key: PublicKeyFacts
  ) -> SignatureCheck {
    guard key.algorithm.hasPrefix("RSA") else { return otherKind(key) }
    guard let bits = key.bits, (1024...16_384).contains(bits),
      let publicKey = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: key.encoded)
    else { return .unavailable("signatures by \(key.summary) can't be checked here") }
    let made = _RSA.Signing.RSASignature(rawRepresentation: signature.bytes)
    return publicKey.isValidSignature(made, for: digest, padding: padding) ? .valid : .invalid
  }

  private static func pss(_ signature: SignatureFacts, over bytes: [UInt8], by key: PublicKeyFacts) -> SignatureCheck {
    switch (signature.hash, signature.saltLength) {
    case ("SHA-256", 32): rsa(signature, SHA256.hash(data: bytes), .PSS, key)
    case ("SHA-384", 48): rsa(signature, SHA384.hash(data: bytes), .PSS, key)
    case ("SHA-512", 64): rsa(signature, SHA512.hash(data: bytes), .PSS, key)
    default: .unavailable("RSASSA-PSS is checked only with a salt as long as its hash")
    }
  }

  private static func ecdsa(_ signature: SignatureFacts, _ digest: some Digest, _ key: PublicKeyFacts) -> SignatureCheck
  {
    guard key.algorithm == "EC" else { return otherKind(key) }
    let isValid: Bool?
    switch key.curve {
    case "P-256":
      guard let made = try? P256.Signing.ECDSASignature(derRepresentation: signature.bytes) else { return .invalid }
      isValid = (try? P256.Signing.PublicKey(x963Representation: key.key))?.isValidSignature(made, for: digest)
    case "P-384":
      guard let made = try? P384.Signing.ECDSASignature(derRepresentation: signature.bytes) else { return .invalid }
      isValid = (try? P384.Signing.PublicKey(x963Representation: key.key))?.isValidSignature(made, for: digest)
    case "P-521":
      guard let made = try? P521.Signing.ECDSASignature(derRepresentation: signature.bytes) else { return .invalid }
      isValid = (try? P521.Signing.PublicKey(x963Representation: key.key))?.isValidSignature(made, for: digest)
    default: return .unavailable("signatures by \(key.summary) can't be checked here")
    }
    // What is no point of the curve has signed nothing.
    guard let isValid else { return .invalid }
    return isValid ? .valid : .invalid
  }

  private static func ed25519(
    _ signature: SignatureFacts, over bytes: [UInt8], by key: PublicKeyFacts
  ) -> SignatureCheck {
    guard key.algorithm == "Ed25519" else { return otherKind(key) }
    guard let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: key.key) else {
      return .invalid
    }
    return publicKey.isValidSignature(signature.bytes, for: bytes) ? .valid : .invalid
  }

  /// A key of another kind can't have made the signature, unless its kind is one that we don't know.
  private static func otherKind(_ key: PublicKeyFacts) -> SignatureCheck {
    key.isUsable ? .invalid : .unavailable("keys of the kind \(key.summary) aren't known here")
  }
}
