import Credentials
import Formats

/// The body of a late renewal, `application/x-www-form-urlencoded` as curl's `--data-urlencode` writes it, with the
/// fields `certificate` and `request` (PEM, or base64 of the DER), `nonce` as it was given out, and `signature` (base64).
package struct LateRenewalForm: Hashable, Sendable {
  package static let sizeLimit = 64 * 1024

  /// The certificate to be renewed, DER.
  package var certificate: [UInt8]
  /// The request, DER.
  package var request: [UInt8]
  /// As text, as it came.
  package var nonce: [UInt8]
  /// By the certificate's key.
  package var signature: [UInt8]

  /// - Throws: ``LateRenewalError/malformed(_:)``.
  package init(body: [UInt8]) throws(LateRenewalError) {
    guard body.count <= Self.sizeLimit else { throw .malformed("it has more than \(Self.sizeLimit) bytes") }
    let fields = try FormFields(body, knowing: ["certificate", "request", "nonce", "signature"])
    certificate = try Self.der(try fields.value("certificate"), "certificate", labels: ["CERTIFICATE"])
    request = try Self.der(
      try fields.value("request"), "request", labels: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])
    nonce = try fields.value("nonce").filter { $0 > 0x20 }
    guard nonce.count <= 128 else { throw .malformed("the nonce is too long") }
    let encoded = try fields.value("signature")
    do { signature = try Base64.decode(encoded[...]) } catch { throw .malformed("the signature is not base64") }
    guard !signature.isEmpty, signature.count <= 1024 else { throw .malformed("the signature has no possible size") }
  }

  private static func der(
    _ text: [UInt8], _ name: String, labels: [String]
  ) throws(LateRenewalError) -> [UInt8] {
    if PEM.isLikely(text) {
      // A chain may follow the certificate, as the files that `sign` and EST's clients write have it.
      guard let block = try? PEM.parse(text).first, labels.contains(block.label) else {
        throw .malformed("the \(name) does not begin with a PEM block of that kind")
      }
      return block.der
    }
    guard let der = try? Base64.decode(text[...]), !der.isEmpty else {
      throw .malformed("the \(name) is neither PEM nor base64")
    }
    return der
  }
}

/// Named values in the form that web pages send (WHATWG URL standard, application/x-www-form-urlencoded).
struct FormFields {
  private var values: [String: [UInt8]] = [:]

  init(_ body: [UInt8], knowing known: Set<String>) throws(LateRenewalError) {
    for pair in body.split(separator: UInt8(ascii: "&"), maxSplits: 32) {
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let name = String(decoding: try Self.decode(pair[..<equals]), as: UTF8.self)
      guard known.contains(name) else { throw .malformed("it has a field that is not known here") }
      guard values[name] == nil else { throw .malformed("it has the field \(name) twice") }
      values[name] = try Self.decode(pair[equals...].dropFirst())
    }
  }

  func value(_ name: String) throws(LateRenewalError) -> [UInt8] {
    guard let value = values[name] else { throw .malformed("the field \(name) is missing") }
    return value
  }

  private static func decode(_ text: ArraySlice<UInt8>) throws(LateRenewalError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(Hexadecimal.value(of:)),
          let low = rest.popFirst().flatMap(Hexadecimal.value(of:))
        else { throw .malformed("it has a percent sign without two digits") }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}
