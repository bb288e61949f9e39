import Crypto
import SwiftASN1

/// Collects the bags of a PKCS#12 file: keys encrypted one by one, certificates together.
struct PKCS12Writer {
  private let password: String
  private let iterations: Int
  private var keys: [SafeBag] = []
  private var certificates: [SafeBag] = []
  private var written: Set<[UInt8]> = []

  init(password: String, iterations: Int) {
    self.password = password
    self.iterations = iterations
  }

  mutating func add(
    _ entry: KeyStore.Entry, randomness: inout some RandomNumberGenerator
  ) throws(FormatError) {
    switch entry.content {
    case .trusted(let der):
      try addCertificate(der, .init(friendlyName: entry.alias, isTrustedByJava: true))
    case .key(let pkcs8, let chain):
      guard (try? PrivateKeyInfo(derEncoded: pkcs8)) != nil else {
        throw .malformed(format: "key store entry", reason: "its key is not PKCS#8")
      }
      let attributes = SafeBag.Attributes(
        friendlyName: entry.alias, localKeyID: chain.first.map { Array(Insecure.SHA1.hash(data: $0)) })
      let scheme = try scheme(&randomness)
      let ciphertext = try scheme.encrypt(pkcs8, passphrase: Array(password.utf8))
      keys.append(
        try FormatError.decoding("key store entry") {
          SafeBag(
            type: SafeBag.shroudedKey,
            value: try ASN1Any(
              erasing: EncryptedPrivateKeyInfo(
                algorithm: try scheme.algorithmIdentifier(), encryptedData: ciphertext)),
            attributes: attributes)
        })
      for (index, der) in chain.enumerated() {
        // Two keys may share issuers. The mark of Java stays off: these are for showing, not for trusting.
        guard index == 0 || !written.contains(der) else { continue }
        try addCertificate(der, index == 0 ? attributes : .init())
      }
    }
  }

  /// The DER of an `AuthenticatedSafe`, a SEQUENCE OF ContentInfo.
  func authenticatedSafe(randomness: inout some RandomNumberGenerator) throws(FormatError) -> [UInt8] {
    var parts: [ContentInfo] = []
    if !keys.isEmpty {
      let contents = try SequenceOf(keys).derBytes()
      parts.append(try FormatError.decoding("PKCS#12 contents") { try ContentInfo(data: contents) })
    }
    if !certificates.isEmpty {
      let scheme = try scheme(&randomness)
      let ciphertext = try scheme.encrypt(
        try SequenceOf(certificates).derBytes(), passphrase: Array(password.utf8))
      parts.append(
        try FormatError.decoding("PKCS#12 contents") {
          let data = EncryptedData(algorithm: try scheme.algorithmIdentifier(), ciphertext: ciphertext)
          return ContentInfo(type: ContentInfo.encryptedData, content: try ASN1Any(erasing: data))
        })
    }
    return try SequenceOf(parts).derBytes()
  }

  private mutating func addCertificate(_ der: [UInt8], _ attributes: SafeBag.Attributes) throws(FormatError) {
    guard CertificateFields(der: der) != nil else {
      throw .malformed(format: "key store entry", reason: "its certificate is not a certificate")
    }
    written.insert(der)
    certificates.append(
      try FormatError.decoding("key store entry") {
        SafeBag(
          type: SafeBag.certificate, value: try ASN1Any(erasing: CertBag(certificate: der)), attributes: attributes)
      })
  }

  private func scheme(_ randomness: inout some RandomNumberGenerator) throws(FormatError) -> PBES2 {
    var parameters = EncryptedPKCS8.Parameters(using: &randomness)
    parameters.iterations = iterations
    return try PBES2(writingWith: parameters)
  }
}
