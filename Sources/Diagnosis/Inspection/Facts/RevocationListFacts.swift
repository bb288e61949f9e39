package import Foundation

/// What a revocation list says (RFC 5280 §5.1).
///
///     TBSCertList ::= SEQUENCE { version INTEGER OPTIONAL, signature AlgorithmIdentifier, issuer Name,
///       thisUpdate Time, nextUpdate Time OPTIONAL, revokedCertificates SEQUENCE OF SEQUENCE {
///         userCertificate INTEGER, revocationDate Time, crlEntryExtensions OPTIONAL } OPTIONAL,
///       crlExtensions [0] OPTIONAL }
package struct RevocationListFacts: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var serial: [UInt8]
    package var revoked: Date?
    /// `keyCompromise` and so on (RFC 5280 §5.3.1).
    package var reason: String?
  }

  /// How many entries the facts hold; the rest is counted only.
  package static let listedEntries = 100

  /// 1 or 2.
  package var version: Int
  package var issuer: String
  package var issuerEncoded: [UInt8]
  package var thisUpdate: Date?
  package var nextUpdate: Date?
  package var number: [UInt8]?
  package var isDelta: Bool
  package var authorityKeyIdentifier: [UInt8]?
  package var entryCount: Int
  package var entries: [Entry]
  package var signature: SignatureFacts
  package var extensions: ExtensionFacts
  package var signedBytes: [UInt8]
  package var trailingByteCount: Int

  /// Reads a revocation list.
  /// - Throws: ``DERDefect`` when the bytes aren't the structure of a revocation list.
  package init(der: [UInt8]) throws(DERDefect) {
    let signed = try SignedStructure(der)
    var fields = try signed.body.sequence(limit: 8)[...]
    version = 1
    if let number = fields.first?.smallInteger {
      version = number + 1
      fields = fields.dropFirst()
    }
    let body = Array(fields)
    guard body.count >= 3 else {
      throw DERDefect(at: signed.body.encoded.startIndex, "the revocation list lacks one of its fields")
    }
    issuer = try NameText.render(body[1])
    issuerEncoded = body[1].bytes
    thisUpdate = body[2].time
    nextUpdate = body.dropFirst(3).first?.time
    extensions = ExtensionFacts()
    if let list = body.dropFirst(3).first(where: { $0.isContext(0) }), let inner = try list.children(limit: 1).first {
      extensions = try ExtensionFacts(inner)
    }
    number = extensions.crlNumber
    isDelta = extensions.contains("deltaCRLIndicator")
    authorityKeyIdentifier = extensions.authorityKeyIdentifier
    signature = signed.signature
    signedBytes = signed.body.bytes
    trailingByteCount = signed.trailing
    entryCount = 0
    entries = []
    if let revoked = body.dropFirst(3).first(where: { $0.isUniversal(.sequence) }) { try readEntries(revoked) }
  }

  private mutating func readEntries(_ list: DERElement) throws(DERDefect) {
    var reader = DERReader(list.content)
    while let element = try reader.next() {
      entryCount += 1
      guard entries.count < Self.listedEntries else { continue }
      let fields = try element.sequence(limit: 4)
      guard fields.count >= 2, let serial = fields[0].integerBytes else {
        throw DERDefect(at: element.encoded.startIndex, "an entry isn't a serial number and a time")
      }
      entries.append(Entry(serial: serial, revoked: fields[1].time, reason: Self.reason(fields.dropFirst(2).first)))
    }
  }

  private static func reason(_ extensions: DERElement?) -> String? {
    guard let extensions, let facts = try? ExtensionFacts(extensions),
      let code = facts.entries.first(where: { $0.name == "reasonCode" })
    else { return nil }
    var reader = DERReader(code.value)
    guard let number = try? reader.next()?.integerBytes?.first else { return nil }
    return reasons[number] ?? "reason \(number)"
  }

  private static let reasons: [UInt8: String] = [
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
    5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
  ]
}
