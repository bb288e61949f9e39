import Formats

/// The body of simpleenroll and simplereenroll: a certification request in base64 (RFC 7030 §4.2.1, RFC 8951 §3).
package enum ESTRequestBody {
  /// The most bytes of a request, DER. One with an RSA-4096 key and a hundred names has less than 8 KiB.
  package static let longestRequest = 16 * 1024
  /// The most bytes of a body: base64 and white space make it longer.
  package static let longest = 32 * 1024

  /// The DER in a body. White space is skipped (RFC 8951 §3.1). PEM is taken as well: it is what openssl writes, it is
  /// the same base64 between two lines of its own, and can't be mistaken for anything else.
  ///
  /// - Throws: ``EnrolmentError``.
  package static func decode(_ body: [UInt8]) throws(EnrolmentError) -> [UInt8] {
    guard body.count <= longest else { throw .tooLarge(what: "the request's body", limit: longest) }
    let text = body.drop(while: isWhiteSpace)
    guard let first = text.first else { throw .emptyBody }
    let der = first == UInt8(ascii: "-") ? try decode(pem: body) : try decode(base64: text)
    guard !der.isEmpty else { throw .emptyBody }
    guard der.count <= longestRequest else { throw .tooLarge(what: "the certificate request", limit: longestRequest) }
    return der
  }

  private static func decode(base64 text: ArraySlice<UInt8>) throws(EnrolmentError) -> [UInt8] {
    do {
      return try Base64.decode(text)
    } catch {
      // SEQUENCE with a length in the long form: a certification request in DER.
      throw text.starts(with: [0x30, 0x81]) || text.starts(with: [0x30, 0x82]) ? .binaryBody : .notBase64
    }
  }

  private static func decode(pem body: [UInt8]) throws(EnrolmentError) -> [UInt8] {
    let blocks = try? PEM.parse(body)
    guard let block = blocks?.first, blocks?.count == 1,
      ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(block.label)
    else { throw .notBase64 }
    return block.der
  }

  private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
