import SwiftASN1
import X509

/// A certificate with its extensions decoded once, for the rules to look at. A class, because paths of them are
/// handed around and a certificate has many parts to copy.
final class CertificateFacts: Sendable {
  let certificate: Certificate
  let subject: NormalizedName
  let issuer: NormalizedName
  private let fields: DecodedFields

  /// - Parameters:
  ///   - der: the certificate's encoding, where the caller has it.
  ///   - parent: the likely issuer, whose name then needs no second normalising.
  ///   - sibling: another certificate of that issuer that was found to be in order: an extension that has the same bytes
  ///     in both means the same.
  init(
    _ certificate: Certificate, der: [UInt8]? = nil, parent: CertificateFacts? = nil, sibling: CertificateFacts? = nil
  ) {
    self.certificate = certificate
    subject = NormalizedName(certificate.subject)
    if let parent, certificate.issuer == parent.certificate.subject {
      issuer = parent.subject
    } else {
      issuer = certificate.issuer == certificate.subject ? subject : NormalizedName(certificate.issuer)
    }
    fields = DecodedFields(certificate, der: der, sibling: sibling)
  }

  var basicConstraints: BasicConstraintsValue? { fields.basicConstraints }
  var keyUsage: KeyUsage? { fields.keyUsage }
  var extendedKeyUsage: [ExtendedKeyUsage.Usage]? { fields.extendedKeyUsage }
  var alternativeNames: [GeneralName]? { fields.alternativeNames }
  var nameConstraints: NameConstraintsValue? { fields.nameConstraints }
  var authorityKey: AuthorityKeyIdentifier? { fields.authorityKey }
  var subjectKey: ArraySlice<UInt8>? { fields.subjectKey }
  var policies: PolicyExtensions { fields.policies }
  var distributionPoints: [GeneralName] { fields.distributionPoints }
  /// What is wrong with the encoding, whoever asks and whatever for.
  var defects: [Reason] { fields.defects }
  var brokenCriticalities: [Criticality] { fields.brokenCriticalities }
  var hasPositiveSerial: Bool { fields.hasPositiveSerial }
  var serialLength: Int { fields.serialLength }

  /// RFC 5280 §3.2: issuer and subject are the same name, whoever holds the keys.
  var isSelfIssued: Bool { subject == issuer }

  var isAuthority: Bool { basicConstraints?.isAuthority ?? false }

  func isCritical(_ oid: ASN1ObjectIdentifier) -> Bool? { certificate.extensions[oid: oid]?.critical }
}

/// The extensions and the raw fields of a certificate.
private struct DecodedFields: Sendable {
  var basicConstraints: BasicConstraintsValue?
  var keyUsage: KeyUsage?
  var extendedKeyUsage: [ExtendedKeyUsage.Usage]?
  var alternativeNames: [GeneralName]?
  var nameConstraints: NameConstraintsValue?
  var authorityKey: AuthorityKeyIdentifier?
  var subjectKey: ArraySlice<UInt8>?
  var policies = PolicyExtensions()
  var distributionPoints: [GeneralName] = []
  var defects: [Reason] = []
  var brokenCriticalities: [Criticality] = []
  var hasPositiveSerial = false
  var serialLength = 0

  init(_ certificate: Certificate, der: [UInt8]?, sibling: CertificateFacts?) {
    var siblings = sibling?.certificate.extensions.makeIterator()
    for ext in certificate.extensions {
      if let other = siblings?.next(), let sibling, other == ext, adopt(ext.oid, from: sibling) { continue }
      if let rule = Criticality.broken(by: ext) { brokenCriticalities.append(rule) }
      do {
        if try !read(ext), ext.critical { defects.append(.criticalExtension(ext.oid.description)) }
      } catch {
        defects.append(.malformed("extension \(ext.oid)"))
      }
    }
    readFields(certificate, der)
  }

  private mutating func readFields(_ certificate: Certificate, _ der: [UInt8]?) {
    guard let fields = der.map({ CertificateFields(der: $0[...]) }) ?? CertificateFields(certificate) else {
      defects.append(.malformed("the encoding"))
      return
    }
    if fields.innerAlgorithm != fields.outerAlgorithm { defects.append(.signatureAlgorithmMismatch) }
    hasPositiveSerial = fields.hasPositiveSerial
    serialLength = fields.serial.count
  }

  /// Takes over an extension that all leaves of an issuer may share; returns false for others.
  private mutating func adopt(_ oid: ASN1ObjectIdentifier, from sibling: CertificateFacts) -> Bool {
    switch oid {
    case .X509ExtensionID.basicConstraints: basicConstraints = sibling.basicConstraints
    case .X509ExtensionID.keyUsage: keyUsage = sibling.keyUsage
    case .X509ExtensionID.extendedKeyUsage: extendedKeyUsage = sibling.extendedKeyUsage
    case .X509ExtensionID.authorityKeyIdentifier: authorityKey = sibling.authorityKey
    case .X509ExtensionID.authorityInformationAccess: break
    case ExtensionID.crlDistributionPoints: distributionPoints = sibling.distributionPoints
    default: return false
    }
    return true
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
