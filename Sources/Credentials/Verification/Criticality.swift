import SwiftASN1
import X509

/// Whether RFC 5280 wants an extension to be critical.
struct Criticality: Sendable {
  var name: String
  var critical: Bool
  var section: String

  /// The rule that an extension breaks; nil where it breaks none.
  static func broken(by ext: Certificate.Extension) -> Criticality? {
    switch ext.oid {
    // What every leaf has comes first, and costs no look-up.
    case .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
      .X509ExtensionID.subjectAlternativeName:
      return nil
    case .X509ExtensionID.authorityKeyIdentifier where !ext.critical,
      .X509ExtensionID.subjectKeyIdentifier where !ext.critical,
      .X509ExtensionID.authorityInformationAccess where !ext.critical, ExtensionID.crlDistributionPoints:
      return nil
    default:
      guard let rule = rules[ext.oid], rule.critical != ext.critical else { return nil }
      return rule
    }
  }

  private static let rules: [ASN1ObjectIdentifier: Criticality] = [
    .X509ExtensionID.authorityKeyIdentifier:
      .init(name: "authorityKeyIdentifier", critical: false, section: "RFC 5280 §4.2.1.1"),
    .X509ExtensionID.subjectKeyIdentifier:
      .init(name: "subjectKeyIdentifier", critical: false, section: "RFC 5280 §4.2.1.2"),
    .X509ExtensionID.authorityInformationAccess:
      .init(name: "authorityInfoAccess", critical: false, section: "RFC 5280 §4.2.2.1"),
    ExtensionID.subjectInformationAccess:
      .init(name: "subjectInfoAccess", critical: false, section: "RFC 5280 §4.2.2.2"),
    ExtensionID.freshestCRL: .init(name: "freshestCRL", critical: false, section: "RFC 5280 §4.2.1.15"),
    ExtensionID.subjectDirectoryAttributes:
      .init(name: "subjectDirectoryAttributes", critical: false, section: "RFC 5280 §4.2.1.8"),
    .X509ExtensionID.nameConstraints: .init(name: "nameConstraints", critical: true, section: "RFC 5280 §4.2.1.10"),
    ExtensionID.policyConstraints: .init(name: "policyConstraints", critical: true, section: "RFC 5280 §4.2.1.11"),
    ExtensionID.inhibitAnyPolicy: .init(name: "inhibitAnyPolicy", critical: true, section: "RFC 5280 §4.2.1.14"),
  ]
}
