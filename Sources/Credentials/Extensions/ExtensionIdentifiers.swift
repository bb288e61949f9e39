import SwiftASN1

/// Extensions of RFC 5280 that swift-certificates has no name for.
enum ExtensionID {
  static let subjectDirectoryAttributes: ASN1ObjectIdentifier = [2, 5, 29, 9]
  static let issuerAltName: ASN1ObjectIdentifier = [2, 5, 29, 18]
  static let crlNumber: ASN1ObjectIdentifier = [2, 5, 29, 20]
  static let reasonCode: ASN1ObjectIdentifier = [2, 5, 29, 21]
  static let invalidityDate: ASN1ObjectIdentifier = [2, 5, 29, 24]
  static let deltaCRLIndicator: ASN1ObjectIdentifier = [2, 5, 29, 27]
  static let issuingDistributionPoint: ASN1ObjectIdentifier = [2, 5, 29, 28]
  static let certificateIssuer: ASN1ObjectIdentifier = [2, 5, 29, 29]
  static let crlDistributionPoints: ASN1ObjectIdentifier = [2, 5, 29, 31]
  static let certificatePolicies: ASN1ObjectIdentifier = [2, 5, 29, 32]
  static let anyPolicy: ASN1ObjectIdentifier = [2, 5, 29, 32, 0]
  static let policyMappings: ASN1ObjectIdentifier = [2, 5, 29, 33]
  static let policyConstraints: ASN1ObjectIdentifier = [2, 5, 29, 36]
  static let freshestCRL: ASN1ObjectIdentifier = [2, 5, 29, 46]
  static let inhibitAnyPolicy: ASN1ObjectIdentifier = [2, 5, 29, 54]
  /// RFC 6960 §4.2.2.2.1: nobody need ask whether the certificate with it is revoked.
  static let ocspNoCheck: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 48, 1, 5]
  static let subjectInformationAccess: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 1, 11]
}
