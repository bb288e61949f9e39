import SwiftASN1
import X509

/// What a server says about the client certificate that it wants.
///
///     struct {                                        // TLS 1.3, RFC 8446 §4.3.2
///       opaque certificate_request_context<0..2^8-1>;
///       Extension extensions<2..2^16-1>;              // signature_algorithms, certificate_authorities
///     } CertificateRequest;
///
///     struct {                                        // TLS 1.2, RFC 5246 §7.4.4
///       ClientCertificateType certificate_types<1..2^8-1>;
///       SignatureAndHashAlgorithm supported_signature_algorithms<2^16-1>;
///       DistinguishedName certificate_authorities<0..2^16-1>;
///     } CertificateRequest;
package struct TLSCertificateRequest: Hashable, Sendable {
  /// The names of the CAs that the server accepts, in its order and as RFC 4514 writes them. Empty: it names none.
  package var authorities: [String]
  package var signatureSchemes: [TLSSignatureScheme]

  package init(authorities: [String], signatureSchemes: [TLSSignatureScheme]) {
    self.authorities = authorities
    self.signatureSchemes = signatureSchemes
  }

  /// More names than this are not kept.
  package static let maximumAuthorities = 1000

  init?(tls13 body: ArraySlice<UInt8>) {
    var reader = ByteReader(body)
    guard reader.vector(lengthBytes: 1) != nil, let extensions = reader.vector(lengthBytes: 2) else { return nil }
    self.init(authorities: [], signatureSchemes: [])
    var list = ByteReader(extensions)
    while !list.isAtEnd {
      guard let type = list.uint16(), let content = list.vector(lengthBytes: 2) else { return nil }
      var inner = ByteReader(content)
      switch type {
      case 13: signatureSchemes = inner.vector(lengthBytes: 2).map(Self.schemes) ?? []
      case 47: authorities = inner.vector(lengthBytes: 2).map(Self.names) ?? []
      default: break
      }
    }
  }

  init?(tls12 body: ArraySlice<UInt8>) {
    var reader = ByteReader(body)
    guard reader.vector(lengthBytes: 1) != nil, let schemes = reader.vector(lengthBytes: 2),
      let names = reader.vector(lengthBytes: 2)
    else { return nil }
    self.init(authorities: Self.names(names), signatureSchemes: Self.schemes(schemes))
  }

  private static func schemes(_ bytes: ArraySlice<UInt8>) -> [TLSSignatureScheme] {
    var reader = ByteReader(bytes)
    var schemes: [TLSSignatureScheme] = []
    while let value = reader.uint16() { schemes.append(TLSSignatureScheme(rawValue: value)) }
    return schemes
  }

  private static func names(_ bytes: ArraySlice<UInt8>) -> [String] {
    var reader = ByteReader(bytes)
    var names: [String] = []
    while names.count < maximumAuthorities, let der = reader.vector(lengthBytes: 2) {
      let name = try? DistinguishedName(derEncoded: DER.parse(Array(der)))
      names.append(name.map(String.init(describing:)) ?? "an unreadable name of \(der.count) bytes")
    }
    return names
  }
}
