import Crypto
import CryptoExtras
import Foundation
import SwiftASN1

/// The authentication code over the contents of a PKCS#12 file (RFC 7292 §5.1, RFC 9579).
enum PKCS12MAC {
  private static let pbmac1: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 14]

  /// HMAC-SHA256 under a key from RFC 7292 appendix B, which is what every reader knows.
  static func make(
    over contents: [UInt8], password: String, salt: [UInt8], iterations: Int
  ) throws(FormatError) -> MacData {
    let key = try HashAlgorithm.sha256.pkcs12Key(password: rawPassword(password), salt: salt, iterations: iterations)
    return MacData(
      algorithm: try FormatError.decoding("digest algorithm") {
        try AlgorithmIdentifier(HashAlgorithm.sha256.digestIdentifier, ASN1Null())
      },
      digest: Array(HMAC<SHA256>.authenticationCode(for: contents, using: SymmetricKey(data: key))),
      salt: salt, iterations: iterations)
  }

  /// - Throws: `.wrongPassphrase` when the code is another; a damaged file looks the same.
  static func check(
    _ mac: MacData, over contents: [UInt8], password: String, limit: inout WorkLimit
  ) throws(FormatError) {
    if mac.algorithm.algorithm == pbmac1 {
      return try checkPBMAC1(mac, over: contents, password: password, limit: &limit)
    }
    let hash = try HashAlgorithm(digest: mac.algorithm.algorithm)
    // No password is written as two zero bytes by most and as none at all by some.
    let candidates = password.isEmpty ? [[0, 0], []] : [rawPassword(password)]
    for candidate in candidates {
      try limit.spend(iterations: mac.iterations)
      let key = try hash.pkcs12Key(password: candidate, salt: mac.salt, iterations: mac.iterations)
      if try hash.isValid(mac.digest, over: contents, key: SymmetricKey(data: key)) { return }
    }
    throw .wrongPassphrase
  }

  /// RFC 9579.
  ///
  ///     PBMAC1-params ::= SEQUENCE {
  ///       keyDerivationFunc  AlgorithmIdentifier,
  ///       messageAuthScheme  AlgorithmIdentifier }
  private static func checkPBMAC1(
    _ mac: MacData, over contents: [UInt8], password: String, limit: inout WorkLimit
  ) throws(FormatError) {
    let parameters = try FormatError.decoding("PBMAC1 parameters") {
      try PBES2Parameters(asn1Any: try mac.algorithm.parameters.required())
    }
    let hash = try HashAlgorithm(hmac: parameters.encryption.algorithm)
    let derivation = try KeyDerivation(parameters.keyDerivation)
    guard case .pbkdf2(let pbkdf2) = derivation, let length = pbkdf2.keyLength, (20...64).contains(length) else {
      throw .unsupported("PBMAC1 with these parameters")
    }
    try derivation.spend(from: &limit)
    let key = try derivation.key(from: Array(password.utf8), length: length)
    guard try hash.isValid(mac.digest, over: contents, key: key) else { throw .wrongPassphrase }
  }

  /// RFC 7292 §B.1: UTF-16 with a terminating zero.
  private static func rawPassword(_ password: String) -> [UInt8] { BMPString.encode(password) + [0, 0] }
}

extension HashAlgorithm {
  /// Compares in constant time.
  fileprivate func isValid(_ code: [UInt8], over contents: [UInt8], key: SymmetricKey) throws(FormatError) -> Bool {
    switch self {
    case .sha1: HMAC<Insecure.SHA1>.isValidAuthenticationCode(code, authenticating: contents, using: key)
    case .sha256: HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: contents, using: key)
    case .sha384: HMAC<SHA384>.isValidAuthenticationCode(code, authenticating: contents, using: key)
    case .sha512: HMAC<SHA512>.isValidAuthenticationCode(code, authenticating: contents, using: key)
    case .sha224: throw .unsupported("a PKCS#12 file authenticated with SHA-224")
    }
  }

  fileprivate func pkcs12Key(password: [UInt8], salt: [UInt8], iterations: Int) throws(FormatError) -> [UInt8] {
    switch self {
    case .sha1: PKCS12KeyDerivation<Insecure.SHA1>.macKey(password: password, salt: salt, iterations: iterations)
    case .sha256: PKCS12KeyDerivation<SHA256>.macKey(password: password, salt: salt, iterations: iterations)
    case .sha384: PKCS12KeyDerivation<SHA384>.macKey(password: password, salt: salt, iterations: iterations)
    case .sha512: PKCS12KeyDerivation<SHA512>.macKey(password: password, salt: salt, iterations: iterations)
    case .sha224: throw .unsupported("a PKCS#12 file authenticated with SHA-224")
    }
  }
}

/// RFC 7292 appendix B.2, as far as authentication needs it: the output is one hash long.
private enum PKCS12KeyDerivation<Hash: HashFunction> {
  /// The diversifier for authentication keys (§B.3).
  private static var macID: UInt8 { 3 }

  static func macKey(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
    let block = Hash.blockByteCount
    let diversifier = [UInt8](repeating: macID, count: block)
    let input = diversifier + filled(salt, block: block) + filled(password, block: block)
    var digest = Hash.hash(data: input)
    for _ in 1..<max(2, iterations) where iterations > 1 {
      digest = digest.withUnsafeBytes { bytes in
        var hash = Hash()
        hash.update(bufferPointer: bytes)
        return hash.finalize()
      }
    }
    return Array(digest)
  }

  /// As many copies as fill whole blocks; nothing of nothing.
  private static func filled(_ bytes: [UInt8], block: Int) -> [UInt8] {
    guard !bytes.isEmpty else { return [] }
    return (0..<((bytes.count + block - 1) / block * block)).map { bytes[$0 % bytes.count] }
  }
}
