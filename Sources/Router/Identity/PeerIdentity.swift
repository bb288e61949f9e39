import Credentials
package import Foundation
import SwiftASN1
package import X509

/// Who a peer is, by its certificate: what rules, headers and logs ask for.
package struct PeerIdentity: Hashable, Sendable {
  package let commonNames: [String]
  package let organizations: [String]
  package let dnsNames: [String]
  /// IP addresses as text.
  package let addresses: [String]
  package let uris: [String]
  /// SHA-256 of the certificate, in lower-case hexadecimal.
  package let fingerprint: String
  /// The distinguished names, as RFC 4514 writes them.
  package let subject: String
  package let issuer: String
  package let issuerCommonNames: [String]
  /// In lower-case hexadecimal.
  package let serial: String
  package let notBefore: Date
  package let notAfter: Date
  /// The addresses once more, as rules compare them.
  let ipAddresses: [IPAddress]

  package init(
    commonNames: [String] = [], organizations: [String] = [], dnsNames: [String] = [], addresses: [String] = [],
    uris: [String] = [], fingerprint: String = "", subject: String = "", issuer: String = "",
    issuerCommonNames: [String] = [], serial: String = "", notBefore: Date = .distantPast,
    notAfter: Date = .distantFuture
  ) {
    self.commonNames = commonNames
    self.organizations = organizations
    self.dnsNames = dnsNames
    self.addresses = addresses
    self.uris = uris
    self.fingerprint = fingerprint
    self.subject = subject
    self.issuer = issuer
    self.issuerCommonNames = issuerCommonNames
    self.serial = serial
    self.notBefore = notBefore
    self.notAfter = notAfter
    ipAddresses = addresses.compactMap { IPAddress($0) }
  }

  /// Never fails: a subjectAltName that can't be decoded holds no names.
  /// - Parameter der: the certificate's bytes as the peer sent them.
  package init(_ certificate: Certificate, der: [UInt8]) {
    var dnsNames: [String] = []
    var addresses: [String] = []
    var uris: [String] = []
    if let names = try? certificate.extensions.subjectAlternativeNames {
      for name in names {
        switch name {
        case .dnsName(let text): dnsNames.append(text)
        case .ipAddress(let octets):
          if let address = IPAddress(octets: Array(octets.bytes)) { addresses.append(address.text) }
        case .uniformResourceIdentifier(let text): uris.append(text)
        default: break
        }
      }
    }
    self.init(
      commonNames: certificate.subject.texts(of: .RDNAttributeType.commonName),
      organizations: certificate.subject.texts(of: .RDNAttributeType.organizationName), dnsNames: dnsNames,
      addresses: addresses, uris: uris, fingerprint: Fingerprint(of: der).description,
      subject: certificate.subject.description, issuer: certificate.issuer.description,
      issuerCommonNames: certificate.issuer.texts(of: .RDNAttributeType.commonName),
      serial: certificate.serialNumber.hex, notBefore: certificate.notValidBefore, notAfter: certificate.notValidAfter)
  }
}

extension DistinguishedName {
  /// The texts of all attributes of a type, first to last.
  fileprivate func texts(of type: ASN1ObjectIdentifier) -> [String] {
    var texts: [String] = []
    for relative in self {
      for attribute in relative where attribute.type == type {
        if let text = Self.text(of: attribute.value) { texts.append(text) }
      }
    }
    return texts
  }

  /// Old authorities write BMPString and TeletexString: a rule that denies such a name must see it.
  private static func text(of value: RelativeDistinguishedName.Attribute.Value) -> String? {
    if let text = String(value) { return text }
    let any = ASN1Any(value)
    if let wide = try? ASN1BMPString(asn1Any: any) {
      let bytes = Array(wide.bytes)
      let units = stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).map { index in
        UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
      }
      return String(decoding: units, as: UTF16.self)
    }
    guard let latin = try? ASN1TeletexString(asn1Any: any) else { return nil }
    return String(String.UnicodeScalarView(latin.bytes.map { Unicode.Scalar($0) }))
  }
}
