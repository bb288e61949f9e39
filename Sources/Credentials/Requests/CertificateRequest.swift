import Crypto
import SwiftASN1
package import X509

/// What a node asks for: an identity and the key that proves it (PKCS#10, RFC 2986).
package struct CertificateRequest: Sendable {
  package let signed: CertificateSigningRequest
  /// SubjectPublicKeyInfo, DER, as it came; nil in a request that was made here.
  let keyInfo: ArraySlice<UInt8>?

  /// Makes a request on the node, signed by the node's own key.
  package init(_ identity: Identity, key: Certificate.PrivateKey) throws {
    var attributes: [CertificateSigningRequest.Attribute] = []
    if !identity.names.isEmpty {
      let names = try Certificate.Extension(SubjectAlternativeNames(identity.names.map(\.generalName)), critical: false)
      attributes.append(try .init(ExtensionRequest(extensions: Certificate.Extensions([names]))))
    }
    signed = try CertificateSigningRequest(
      version: .v1, subject: identity.subject, privateKey: key, attributes: .init(attributes))
    keyInfo = nil
  }

  /// Reads a request. Reading proves nothing about its sender: see ``VerifiedRequest``.
  /// - Throws: ``RequestError/undecodable(_:)``.
  package init(der: [UInt8]) throws(RequestError) {
    do {
      signed = try CertificateSigningRequest(derEncoded: der)
    } catch {
      throw .undecodable(asn1Reason(error))
    }
    keyInfo = Self.keyInfo(der[...])
  }

  /// The subjectPKInfo of a request (RFC 2986 §4.1).
  ///
  ///     CertificationRequest  ::=  SEQUENCE  { certificationRequestInfo, signatureAlgorithm, signature }
  ///     CertificationRequestInfo  ::=  SEQUENCE  { version INTEGER, subject, subjectPKInfo, attributes [0] }
  private static func keyInfo(_ der: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var outer = DERReader(der)
    guard var body = outer.next(DERTag.sequence).map({ DERReader($0.content) }),
      var info = body.next(DERTag.sequence).map({ DERReader($0.content) }),
      info.next(DERTag.integer) != nil, info.next(DERTag.sequence) != nil
    else { return nil }
    return info.next(DERTag.sequence)?.encoded
  }
}

/// A request whose signature was made by the key that it names (proof of possession), with what it asks for. A class,
/// because every stage of issuing hands it on.
package final class VerifiedRequest: Sendable {
  package let signed: CertificateSigningRequest
  package let publicKey: Certificate.PublicKey
  /// SubjectPublicKeyInfo, DER.
  package let keyInfo: [UInt8]
  /// What its certificate will call the key (RFC 5280 §4.2.1.2, method 1).
  let keyIdentifier: SubjectKeyIdentifier
  package let subject: DistinguishedName
  /// The names of its subjectAltName that a node's certificate can carry, in order.
  package let names: [SubjectName]
  /// What it asks for and no node's certificate carries: other kinds of names, other extensions, other attributes.
  package let notGrantable: [String]

  /// - Throws: ``RequestError`` for a broken signature, a wish to be an authority, or a malformed name.
  package init(_ request: CertificateRequest) throws(RequestError) {
    signed = request.signed
    publicKey = signed.publicKey
    do {
      // The key as it came: to encode one that was decoded takes longer than its hash.
      keyInfo = try request.keyInfo.map { Array($0) } ?? publicKey.derBytes()
    } catch {
      throw .undecodable(asn1Reason(error))
    }
    keyIdentifier = Self.keyIdentifier(keyInfo) ?? SubjectKeyIdentifier(hash: publicKey)
    guard publicKey.isValidSignature(signed.signature, for: signed) else { throw .brokenSignature }
    subject = signed.subject
    let asked = try AskedExtensions(signed)
    if asked.isAuthority { throw .asksForAuthority }
    names = asked.names
    notGrantable = asked.notGrantable
    guard subject.commonName != nil || !names.isEmpty else { throw .noCommonName }
    if let commonName = subject.commonName {
      do {
        try Identity.check(commonName: commonName, organization: subject.organization)
      } catch {
        throw .invalidName("its subject", reason: error.message)
      }
    }
  }

  /// The hash of the key's bits.
  ///
  ///     SubjectPublicKeyInfo  ::=  SEQUENCE  { algorithm, subjectPublicKey BIT STRING }
  private static func keyIdentifier(_ info: [UInt8]) -> SubjectKeyIdentifier? {
    var outer = DERReader(info[...])
    guard var fields = outer.next(DERTag.sequence).map({ DERReader($0.content) }),
      fields.next(DERTag.sequence) != nil, let bits = fields.next(DERTag.bitString)
    else { return nil }
    return SubjectKeyIdentifier(keyIdentifier: Array(Insecure.SHA1.hash(data: bits.content.dropFirst()))[...])
  }

  /// The name by which people know this request: its common name, else its first alternative name.
  package var title: String { subject.commonName ?? names.first?.text ?? "" }
}

/// What a request's extensionRequest attribute (RFC 2985 §5.4.2) asks for.
struct AskedExtensions {
  var names: [SubjectName] = []
  var notGrantable: [String] = []
  var isAuthority = false

  init(_ request: CertificateSigningRequest) throws(RequestError) {
    let extensions: Certificate.Extensions
    do {
      extensions = try request.attributes.extensionRequest?.extensions ?? Certificate.Extensions()
      if case .isCertificateAuthority = try extensions.basicConstraints { isAuthority = true }
      if let usage = try extensions.keyUsage, usage.keyCertSign { isAuthority = true }
      for usage in try extensions.extendedKeyUsage ?? ExtendedKeyUsage()
      where usage != .serverAuth && usage != .clientAuth {
        notGrantable.append("extendedKeyUsage \(usage)")
      }
    } catch {
      throw .undecodable(asn1Reason(error))
    }
    try readNames(extensions)
    for ext in extensions where !Self.decidedByProfile.contains(ext.oid) {
      notGrantable.append("extension \(ext.oid)")
    }
  }

  /// Extensions whose value follows from the profile and the issuer, whatever the request says.
  private static let decidedByProfile: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
    .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.subjectKeyIdentifier,
    .X509ExtensionID.authorityKeyIdentifier,
  ]

  private mutating func readNames(_ extensions: Certificate.Extensions) throws(RequestError) {
    let alternatives: SubjectAlternativeNames?
    do { alternatives = try extensions.subjectAlternativeNames } catch { throw .undecodable(asn1Reason(error)) }
    for general in alternatives ?? SubjectAlternativeNames() {
      switch general {
      case .dnsName(let text):
        do { names.append(.dns(try DNSName(text))) } catch { throw .invalidName("DNS:\(text)", reason: error.message) }
      case .uniformResourceIdentifier(let text):
        do { names.append(.uri(try URIName(text))) } catch { throw .invalidName("URI:\(text)", reason: error.message) }
      case .ipAddress(let octets):
        guard let address = IPAddress(octets: Array(octets.bytes)) else {
          throw .invalidName("IP", reason: "it has \(octets.bytes.count) octets")
        }
        names.append(.ip(address))
      case .rfc822Name(let address): notGrantable.append("subjectAltName email:\(address)")
      case .directoryName(let name): notGrantable.append("subjectAltName dirName:\(name)")
      default: notGrantable.append("subjectAltName \(general)")
      }
    }
  }
}

/// A parser's complaint in the words of ``ExplainedError/message``.
package func asn1Reason(_ error: any Error) -> String {
  if let error = error as? ASN1Error { return "\(error.code)" }
  if let error = error as? CertificateError { return "\(error.code)" }
  return "it is malformed"
}
