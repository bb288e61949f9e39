/// What a key store says of itself: PKCS#12 or JKS.
package struct StoreFacts: Hashable, Sendable {
  package enum Format: String, Hashable, Sendable {
    case pkcs12 = "PKCS#12"
    case jks = "JKS"
    case jceks = "JCEKS"
  }

  package var format: Format
  /// Nil where the store couldn't be opened.
  package var keyEntryCount: Int?
  package var trustedEntryCount: Int?
  /// The schemes that parts of the store are encrypted with, where they can be seen without the password.
  package var encryption: [EncryptionFacts]
  /// `HMAC-SHA256, 10000 rounds`; nil without one or where it can't be seen.
  package var integrity: String?

  init(format: Format) {
    self.format = format
    encryption = []
  }

  /// Reads the frame of a PKCS#12 file. What can't be seen stays empty: some files are BER.
  ///
  ///     PFX ::= SEQUENCE { version INTEGER (3), authSafe ContentInfo, macData MacData OPTIONAL } (RFC 7292 §4)
  ///     AuthenticatedSafe ::= SEQUENCE OF ContentInfo
  init(pkcs12 bytes: [UInt8]) {
    self.init(format: .pkcs12)
    var reader = DERReader(bytes)
    guard let fields = try? reader.next()?.sequence(limit: 4), fields.count > 1 else { return }
    if fields.count > 2 { integrity = Self.integrity(fields[2]) }
    guard let safe = Self.content(of: fields[1]), safe.isUniversal(.octetString) else { return }
    var inner = DERReader(safe.content)
    guard let contents = try? inner.next()?.sequence(limit: 64) else { return }
    encryption = contents.compactMap(Self.encryption)
  }

  /// ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY }
  private static func content(of info: DERElement) -> DERElement? {
    guard let fields = try? info.sequence(limit: 2), let content = fields.last, content.isContext(0) else { return nil }
    return try? content.children(limit: 1).first
  }

  /// EncryptedData ::= SEQUENCE { version, encryptedContentInfo SEQUENCE { contentType, algorithm, content [0] } }
  private static func encryption(of info: DERElement) -> EncryptionFacts? {
    guard (try? info.sequence(limit: 2))?.first?.objectIdentifier == "1.2.840.113549.1.7.6",
      let fields = try? content(of: info)?.sequence(limit: 4), fields.count > 1,
      let encrypted = try? fields[1].sequence(limit: 4), encrypted.count > 1,
      let identifier = try? AlgorithmIdentifier(encrypted[1])
    else { return nil }
    return EncryptionFacts(algorithm: identifier)
  }

  /// MacData ::= SEQUENCE { mac SEQUENCE { AlgorithmIdentifier, OCTET STRING }, macSalt, iterations DEFAULT 1 }
  private static func integrity(_ macData: DERElement) -> String? {
    guard let fields = try? macData.sequence(limit: 4),
      let digest = try? fields.first?.sequence(limit: 2).first,
      let identifier = try? AlgorithmIdentifier(digest).objectIdentifier
    else { return nil }
    let name =
      ObjectIdentifierNames.hashes[identifier].map { "HMAC-" + $0.replacing("-", with: "") }
      ?? ObjectIdentifierNames.encryption[identifier] ?? identifier
    return "\(name), \(fields.dropFirst(2).first?.smallInteger ?? 1) rounds"
  }
}
