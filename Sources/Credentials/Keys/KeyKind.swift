import Crypto
import CryptoExtras
package import X509

/// The kinds of key that Countersign makes and certifies.
package enum KeyKind: String, CaseIterable, Hashable, Sendable {
  case p256, p384, p521, rsa2048, rsa3072, rsa4096, ed25519

  /// Makes a new private key with the system's randomness.
  package func generate() throws -> Certificate.PrivateKey {
    switch self {
    case .p256: Certificate.PrivateKey(P256.Signing.PrivateKey())
    case .p384: Certificate.PrivateKey(P384.Signing.PrivateKey())
    case .p521: Certificate.PrivateKey(P521.Signing.PrivateKey())
    case .rsa2048: Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
    case .rsa3072: Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits3072))
    case .rsa4096: Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits4096))
    case .ed25519: Certificate.PrivateKey(Curve25519.Signing.PrivateKey())
    }
  }

  /// The kind of a public key; nil for an RSA key of another size.
  package init?(_ key: Certificate.PublicKey) {
    if P256.Signing.PublicKey(key) != nil {
      self = .p256
    } else if P384.Signing.PublicKey(key) != nil {
      self = .p384
    } else if P521.Signing.PublicKey(key) != nil {
      self = .p521
    } else if Curve25519.Signing.PublicKey(key) != nil {
      self = .ed25519
    } else if let rsa = _RSA.Signing.PublicKey(key) {
      self.init(rawValue: "rsa\(rsa.keySizeInBits)")
    } else {
      return nil
    }
  }

  /// As operators write it: `P-256`, `RSA-2048`, `Ed25519`.
  package var label: String {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    case .rsa2048: "RSA-2048"
    case .rsa3072: "RSA-3072"
    case .rsa4096: "RSA-4096"
    case .ed25519: "Ed25519"
    }
  }
}

extension Certificate.PublicKey {
  /// As operators write it, for any size of RSA.
  package var label: String {
    if let kind = KeyKind(self) { return kind.label }
    if let rsa = _RSA.Signing.PublicKey(self) { return "RSA-\(rsa.keySizeInBits)" }
    return "unknown"
  }

  package var isRSA: Bool { _RSA.Signing.PublicKey(self) != nil }
}
