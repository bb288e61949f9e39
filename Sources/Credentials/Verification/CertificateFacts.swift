import SwiftASN1
import X509

/// A certificate with its extensions decoded once, for the rules to look at.
struct CertificateFacts: Sendable {
  let certificate: Certificate
  let subject: NormalizedName
  let issuer: NormalizedName

  private(set) var basicConstraints: BasicConstraintsValue?
  private(set) var keyUsage: KeyUsage?
  private(set) var extendedKeyUsage: [ExtendedKeyUsage.Usage]?
  private(set) var alternativeNames: [GeneralName]?
  private(set) var nameConstraints: NameConstraintsValue?
  private(set) var authorityKey: AuthorityKeyIdentifier?
  private(set) var subjectKey: ArraySlice<UInt8>?
  private(set) var policies = PolicyExtensions()
  private(set) var distributionPoints: [GeneralName] = []
  /// What is wrong with the encoding, whoever asks and whatever for.
  private(set) var defects: [Reason] = []
  private(set) var hasPositiveSerial = false
  private(set) var serialLength = 0

  /// - Parameters:
  ///   - der: the certificate's encoding, where the caller has it.
  ///   - parent: the likely issuer, whose name then needs no second normalising.
  init(_ certificate: Certificate, der: [UInt8]? = nil, parent: CertificateFacts? = nil) {
    self.certificate = certificate
    subject = NormalizedName(certificate.subject)
    if let parent, certificate.issuer == parent.certificate.subject {
      issuer = parent.subject
    } else {
      issuer = certificate.issuer == certificate.subject ? subject : NormalizedName(certificate.issuer)
    }
    for ext in certificate.extensions {
      do {
        if try !read(ext), ext.critical { defects.append(.criticalExtension(ext.oid.description)) }
      } catch {
        defects.append(.malformed("extension \(ext.oid)"))
      }
    }
    readFields(der)
  }

  /// RFC 5280 §3.2: issuer and subject are the same name, whoever holds the keys.
  var isSelfIssued: Bool { subject == issuer }

  var isAuthority: Bool { basicConstraints?.isAuthority ?? false }

  func isCritical(_ oid: ASN1ObjectIdentifier) -> Bool? { certificate.extensions[oid: oid]?.critical }

  private mutating func readFields(_ der: [UInt8]?) {
    guard let fields = der.map({ CertificateFields(der: $0[...]) }) ?? CertificateFields(certificate) else {
      defects.append(.malformed("the encoding"))
      return
    }
    if fields.innerAlgorithm != fields.outerAlgorithm { defects.append(.signatureAlgorithmMismatch) }
    hasPositiveSerial = fields.hasPositiveSerial
    serialLength = fields.serial.count
  }

  /// Decodes a known extension into its place; returns false for an unknown one.
  private mutating func read(_ ext: Certificate.Extension) throws -> Bool {
    switch ext.oid {
    case .X509ExtensionID.basicConstraints: basicConstraints = try BasicConstraintsValue(ext)
    case .X509ExtensionID.keyUsage: keyUsage = try KeyUsage(ext)
    case .X509ExtensionID.extendedKeyUsage: extendedKeyUsage = try Self.nonEmpty(Array(ExtendedKeyUsage(ext)))
    case .X509ExtensionID.subjectAlternativeName:
      alternativeNames = try Self.nonEmpty(Array(SubjectAlternativeNames(ext)))
      try alternativeNames?.forEach(Self.check)
    case .X509ExtensionID.nameConstraints: nameConstraints = try NameConstraintsValue(ext)
    case .X509ExtensionID.authorityKeyIdentifier: authorityKey = try AuthorityKeyIdentifier(ext)
    case .X509ExtensionID.subjectKeyIdentifier: subjectKey = try SubjectKeyIdentifier(ext).keyIdentifier
    case .X509ExtensionID.authorityInformationAccess: _ = try AuthorityInformationAccess(ext)
    case ExtensionID.crlDistributionPoints: distributionPoints = try DistributionPoints(ext.value).names
    default: return try policies.read(ext)
    }
    return true
  }

  private static func nonEmpty<Element>(_ list: [Element]) throws -> [Element] {
    guard !list.isEmpty else { throw ASN1Error.invalidASN1Object(reason: "an empty list") }
    return list
  }

  /// RFC 5280 §4.2.1.6: an address has 4 or 16 octets, and no name is blank.
  private static func check(_ name: GeneralName) throws {
    let isWellFormed =
      switch name {
      case .ipAddress(let octets): octets.bytes.count == 4 || octets.bytes.count == 16
      case .dnsName(let text), .rfc822Name(let text), .uniformResourceIdentifier(let text):
        text.contains { !$0.isWhitespace }
      default: true
      }
    guard isWellFormed else { throw ASN1Error.invalidASN1Object(reason: "a malformed name") }
  }
}
