import SwiftASN1

extension ASN1ObjectIdentifier {
  static let rsaKey: Self = [1, 2, 840, 113549, 1, 1, 1]
  static let ecPublicKey: Self = [1, 2, 840, 10045, 2, 1]
  static let ed25519Key: Self = [1, 3, 101, 112]
  static let secp256r1: Self = [1, 2, 840, 10045, 3, 1, 7]
  static let secp384r1: Self = [1, 3, 132, 0, 34]
  static let secp521r1: Self = [1, 3, 132, 0, 35]

  /// The usual name of a key algorithm or curve that we can't use, for messages.
  var nameOfUnusableKey: String {
    let names: [ASN1ObjectIdentifier: String] = [
      [1, 3, 101, 110]: "X25519 (it can't sign)",
      [1, 3, 101, 111]: "X448 (it can't sign)",
      [1, 3, 101, 113]: "Ed448",
      [1, 2, 840, 113549, 1, 1, 10]: "RSASSA-PSS",
      [1, 2, 840, 10040, 4, 1]: "DSA",
      [1, 2, 840, 113549, 1, 3, 1]: "Diffie-Hellman (it can't sign)",
      [1, 3, 132, 0, 10]: "secp256k1",
      [1, 3, 132, 0, 33]: "secp224r1",
      [1, 2, 840, 10045, 3, 1, 1]: "secp192r1",
      [1, 3, 36, 3, 3, 2, 8, 1, 1, 7]: "brainpoolP256r1",
      [1, 3, 36, 3, 3, 2, 8, 1, 1, 11]: "brainpoolP384r1",
      [1, 3, 36, 3, 3, 2, 8, 1, 1, 13]: "brainpoolP512r1",
      [2, 16, 840, 1, 101, 3, 4, 3, 17]: "ML-DSA-44",
      [2, 16, 840, 1, 101, 3, 4, 3, 18]: "ML-DSA-65",
      [2, 16, 840, 1, 101, 3, 4, 3, 19]: "ML-DSA-87",
    ]
    return names[self] ?? "\(self)"
  }
}
