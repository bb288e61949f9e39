/// A question whether certificates are revoked (RFC 6960 §4.1).
///
///     OCSPRequest ::= SEQUENCE {
///         tbsRequest              TBSRequest,
///         optionalSignature   [0] EXPLICIT Signature OPTIONAL }
///     TBSRequest ::= SEQUENCE {
///         version             [0] EXPLICIT Version DEFAULT v1,
///         requestorName       [1] EXPLICIT GeneralName OPTIONAL,
///         requestList             SEQUENCE OF Request,
///         requestExtensions   [2] EXPLICIT Extensions OPTIONAL }
///     Request ::= SEQUENCE {
///         reqCert                     CertID,
///         singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }
///
/// Who asks doesn't matter, so name and signature are stepped over.
package struct OCSPRequest: Hashable, Sendable {
  /// At least one.
  package let certificates: [CertificateID]
  /// The value of the nonce extension (RFC 9654), to be repeated in the answer: the DER of an OCTET STRING.
  package let nonce: [UInt8]?

  /// The most bytes of one request.
  package static let sizeLimit = 16 * 1024
  /// The most certificates that one request may name.
  package static let certificateLimit = 32
  /// The most octets of a nonce (RFC 9654 §2.1).
  package static let longestNonce = 128

  /// - Throws: ``OCSPRequestError``, which is answered with `malformedRequest`.
  package init(der: [UInt8]) throws(OCSPRequestError) {
    guard der.count <= Self.sizeLimit else { throw .tooLarge(Self.sizeLimit) }
    var file = DERReader(der[...])
    guard var outer = file.next(DERTag.sequence).map({ DERReader($0.content) }), file.isAtEnd,
      let body = outer.next(DERTag.sequence)
    else { throw .malformed("it isn't a DER sequence") }
    _ = outer.next(DERTag.context(0, constructed: true))
    guard outer.isAtEnd else { throw .malformed("surplus after the request") }
    self = try Self(body: DERReader(body.content))
  }

  private init(body: DERReader) throws(OCSPRequestError) {
    var body = body
    if let version = body.next(DERTag.context(0, constructed: true)) {
      guard Array(version.content) == [DERTag.integer, 1, 0] else { throw .malformed("its version isn't 1") }
    }
    _ = body.next(DERTag.context(1, constructed: true))
    guard let list = body.next(DERTag.sequence) else { throw .malformed("it has no list of certificates") }
    certificates = try Self.certificates(DERReader(list.content))
    var nonce: [UInt8]?
    if let wrapped = body.next(DERTag.context(2, constructed: true)) {
      for ext in try OCSPRequestExtension.read(wrapped.content) {
        if ext.isNonce { nonce = try ext.checkedNonce }
      }
    }
    guard body.isAtEnd else { throw .malformed("surplus fields") }
    self.nonce = nonce
  }

  private static func certificates(_ list: DERReader) throws(OCSPRequestError) -> [CertificateID] {
    var list = list
    var found: [CertificateID] = []
    while let element = list.next(DERTag.sequence) {
      guard found.count < certificateLimit else { throw .tooMany(certificateLimit) }
      var fields = DERReader(element.content)
      guard let id = fields.next(DERTag.sequence).flatMap(CertificateID.init) else {
        throw .malformed("it names a certificate by what is no CertID")
      }
      if let wrapped = fields.next(DERTag.context(0, constructed: true)) {
        _ = try OCSPRequestExtension.read(wrapped.content)
      }
      guard fields.isAtEnd else { throw .malformed("surplus after a CertID") }
      found.append(id)
    }
    guard list.isAtEnd, !found.isEmpty else { throw .malformed("it names no certificate") }
    return found
  }
}

/// Why a question can't be answered.
package enum OCSPRequestError: Error, Hashable, Sendable {
  case tooLarge(Int)
  case tooMany(Int)
  case malformed(String)
  /// RFC 6960 §4.4: what is critical and not understood may not be ignored.
  case criticalExtension
}

/// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
private struct OCSPRequestExtension {
  var identifier: ArraySlice<UInt8>
  var value: ArraySlice<UInt8>

  /// The content octets of id-pkix-ocsp, 1.3.6.1.5.5.7.48.1; one more follows.
  private static let arc: [UInt8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01]

  var isNonce: Bool { identifier.elementsEqual(Self.arc + [2]) }
  /// id-pkix-ocsp-response (§4.4.3): every client takes basic answers, and we give no others.
  private var isAcceptableResponses: Bool { identifier.elementsEqual(Self.arc + [4]) }

  /// RFC 9654 §2.1: a nonce of another length makes the request malformed.
  var checkedNonce: [UInt8] {
    get throws(OCSPRequestError) {
      var reader = DERReader(value)
      guard let octets = reader.next(DERTag.octetString), reader.isAtEnd,
        (1...OCSPRequest.longestNonce).contains(octets.content.count)
      else { throw .malformed("its nonce isn't an OCTET STRING of 1 to \(OCSPRequest.longestNonce) octets") }
      return Array(value)
    }
  }

  static func read(_ bytes: ArraySlice<UInt8>) throws(OCSPRequestError) -> [OCSPRequestExtension] {
    var wrapped = DERReader(bytes)
    guard var list = wrapped.next(DERTag.sequence).map({ DERReader($0.content) }), wrapped.isAtEnd else {
      throw .malformed("its extensions are no sequence")
    }
    var found: [OCSPRequestExtension] = []
    while let element = list.next(DERTag.sequence) {
      var fields = DERReader(element.content)
      guard found.count < 16, let identifier = fields.next(DERTag.objectIdentifier)?.content else {
        throw .malformed("an extension without identifier, or too many")
      }
      let critical = fields.next(DERTag.boolean)
      guard let value = fields.next(DERTag.octetString)?.content, fields.isAtEnd else {
        throw .malformed("an extension without value")
      }
      let ext = OCSPRequestExtension(identifier: identifier, value: value)
      if critical?.content.contains(where: { $0 != 0 }) == true, !ext.isNonce, !ext.isAcceptableResponses {
        throw .criticalExtension
      }
      guard !found.contains(where: { $0.identifier == identifier }) else { throw .malformed("an extension twice") }
      found.append(ext)
    }
    guard list.isAtEnd, !found.isEmpty else { throw .malformed("its extensions are no extensions") }
    return found
  }
}
