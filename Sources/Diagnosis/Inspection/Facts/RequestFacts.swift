/// What a certification request asks for (RFC 2986).
///
///     CertificationRequestInfo ::= SEQUENCE { version INTEGER, subject Name, subjectPKInfo, attributes [0] }
package struct RequestFacts: Hashable, Sendable {
  package var subject: String
  package var publicKey: PublicKeyFacts
  package var signature: SignatureFacts
  /// The extensions that it asks for (RFC 2985 §5.4.2).
  package var extensions: ExtensionFacts
  package var hasChallengePassword: Bool
  package var signedBytes: [UInt8]
  package var trailingByteCount: Int

  /// Reads a request.
  /// - Throws: ``DERDefect`` when the bytes aren't the structure of a request.
  package init(der: [UInt8]) throws(DERDefect) {
    let signed = try SignedStructure(der)
    let body = try signed.body.sequence(limit: 8)
    guard body.count >= 3, body[0].smallInteger != nil else {
      throw DERDefect(at: signed.body.encoded.startIndex, "the request lacks one of its fields")
    }
    subject = try NameText.render(body[1])
    publicKey = try PublicKeyFacts(body[2])
    signature = signed.signature
    signedBytes = signed.body.bytes
    trailingByteCount = signed.trailing
    extensions = ExtensionFacts()
    hasChallengePassword = false
    guard let attributes = body.dropFirst(3).first(where: { $0.isContext(0) }) else { return }
    for attribute in try attributes.children(limit: 64) {
      // Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY }
      let fields = try attribute.sequence(limit: 2)
      guard fields.count == 2, let value = try fields[1].children(limit: 16).first else { continue }
      switch fields[0].objectIdentifier {
      case "1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14": extensions = try ExtensionFacts(value)
      case "1.2.840.113549.1.9.7": hasChallengePassword = true
      default: break
      }
    }
  }
}
