import Crypto

/// The public half of private keys whose file doesn't hold it.
enum PublicKeyDerivation {
  /// The uncompressed point of a private scalar, on the curves that swift-crypto has.
  static func point(curve: String?, scalar: [UInt8]) -> [UInt8]? {
    switch curve {
    case "P-256":
      (try? P256.Signing.PrivateKey(rawRepresentation: padded(scalar, to: 32)))
        .map { Array($0.publicKey.x963Representation) }
    case "P-384":
      (try? P384.Signing.PrivateKey(rawRepresentation: padded(scalar, to: 48)))
        .map { Array($0.publicKey.x963Representation) }
    case "P-521":
      (try? P521.Signing.PrivateKey(rawRepresentation: padded(scalar, to: 66)))
        .map { Array($0.publicKey.x963Representation) }
    default: nil
    }
  }

  static func ed25519(_ seed: [UInt8]) -> [UInt8]? {
    (try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)).map { Array($0.publicKey.rawRepresentation) }
  }

  /// The bytes of a key of a usable kind are a key of that kind: a point of the curve, a modulus that isn't absurd.
  static func isSound(_ key: PublicKeyFacts) -> Bool {
    switch (key.algorithm, key.curve) {
    case ("EC", "P-256"): (try? P256.Signing.PublicKey(x963Representation: key.key)) != nil
    case ("EC", "P-384"): (try? P384.Signing.PublicKey(x963Representation: key.key)) != nil
    case ("EC", "P-521"): (try? P521.Signing.PublicKey(x963Representation: key.key)) != nil
    case ("Ed25519", _): key.key.count == 32
    case ("RSA", _): (512...16_384).contains(key.bits ?? 0)
    default: true
    }
  }

  private static func padded(_ scalar: [UInt8], to count: Int) -> [UInt8] {
    let magnitude = scalar.drop { $0 == 0 }
    return [UInt8](repeating: 0, count: max(0, count - magnitude.count)) + magnitude
  }
}
