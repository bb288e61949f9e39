import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// What RFC 5280 asks of one certificate by itself, in each place of a path.
struct CertificateRules {
  var rules: RuleSet
  var time: Date

  enum Place { case leaf, intermediate, anchor }

  /// The first rule that the certificate breaks; nil when it breaks none.
  ///
  /// - Parameter checks: whether a certificate is self-signed shows by a signature, which counts like any other.
  func violation(_ facts: CertificateFacts, in place: Place, checks: inout SignatureChecks) -> Reason? {
    if let defect = facts.defects.first { return defect }
    return validity(facts) ?? document(facts, in: place) ?? algorithms(facts, in: place) ?? names(facts, in: place)
      ?? keyIdentifiers(facts, in: place, &checks) ?? criticality(facts, in: place)
      ?? (place == .leaf && !facts.isAuthority ? endEntity(facts) : authority(facts, in: place))
      ?? (rules == .webpki ? webPKI(facts, in: place) : nil)
  }

  /// RFC 5280 §4.1.2.5: both ends of the period belong to it.
  private func validity(_ facts: CertificateFacts) -> Reason? {
    if time > facts.certificate.notValidAfter { return .expired(facts.certificate.notValidAfter, at: time) }
    if time < facts.certificate.notValidBefore { return .notYetValid(facts.certificate.notValidBefore, at: time) }
    return nil
  }

  private func document(_ facts: CertificateFacts, in place: Place) -> Reason? {
    let version = facts.certificate.version
    if version != .v3 {
      // §6.1.4 (k): that an anchor of before v3 is an authority is known by other means, its place in the bundle.
      let mayBeOld = place == .anchor && rules == .rfc5280 && version == .v1 && facts.certificate.extensions.isEmpty
      if !mayBeOld { return .unsupportedVersion(version == .v1 ? 1 : 2) }
    }
    // Old roots have serial 0; nobody tells an anchor from another by its serial.
    if place == .anchor { return nil }
    if !facts.hasPositiveSerial { return .serialNumber("zero or negative") }
    if facts.serialLength > 20 { return .serialNumber("longer than 20 octets") }
    return nil
  }

  private func algorithms(_ facts: CertificateFacts, in place: Place) -> Reason? {
    // An anchor's own signature proves nothing, so its hash doesn't matter.
    if place != .anchor, facts.certificate.signatureAlgorithm == .sha1WithRSAEncryption {
      return .weakAlgorithm("SHA-1")
    }
    guard let rsa = _RSA.Signing.PublicKey(facts.certificate.publicKey) else { return nil }
    if rsa.keySizeInBits < 2048 { return .weakKey(Self.tooShort(rsa: rsa.keySizeInBits)) }
    if rules == .webpki, rsa.keySizeInBits % 8 != 0 { return .weakKey("RSA of \(rsa.keySizeInBits) bits") }
    return nil
  }

  static func tooShort(rsa bits: Int) -> String { "RSA of \(bits) bits, where 2048 is the least" }

  private func names(_ facts: CertificateFacts, in place: Place) -> Reason? {
    if facts.certificate.issuer.isEmpty { return .profile("the issuer's name is empty", section: "RFC 5280 §4.1.2.4") }
    guard facts.certificate.subject.isEmpty else { return nil }
    if place != .leaf || facts.isAuthority {
      return .profile("an authority's subject is empty", section: "RFC 5280 §4.1.2.6")
    }
    switch facts.isCritical(.X509ExtensionID.subjectAlternativeName) {
    case true?: return nil
    case false?:
      return .profile("subjectAltName isn't critical though the subject is empty", section: "RFC 5280 §4.2.1.6")
    case nil: return .profile("neither a subject nor a subjectAltName", section: "RFC 5280 §4.1.2.6")
    }
  }

  private func keyIdentifiers(
    _ facts: CertificateFacts, in place: Place, _ checks: inout SignatureChecks
  ) -> Reason? {
    guard facts.certificate.version == .v3 else { return nil }
    if facts.subjectKey == nil, place != .leaf || facts.isAuthority {
      return .profile("an authority without subjectKeyIdentifier", section: "RFC 5280 §4.2.1.2")
    }
    guard facts.authorityKey?.keyIdentifier == nil else { return nil }
    // Only what is self-signed may leave it out. Of an anchor that needn't be shown.
    if facts.isSelfIssued {
      if place == .anchor { return nil }
      guard let isSelfSigned = checks.isSigned(facts, by: facts) else { return .searchLimit(checks.exhaustion) }
      if isSelfSigned { return nil }
    }
    return .profile("authorityKeyIdentifier has no key identifier or is absent", section: "RFC 5280 §4.2.1.1")
  }

  private func criticality(_ facts: CertificateFacts, in place: Place) -> Reason? {
    for rule in facts.brokenCriticalities where !(rule.name == "nameConstraints" && rules == .webpki) {
      return .profile("\(rule.name) must \(rule.critical ? "" : "not ")be critical", section: rule.section)
    }
    if facts.isAuthority, facts.basicConstraints?.critical == false, place != .leaf {
      return .profile("an authority's basicConstraints must be critical", section: "RFC 5280 §4.2.1.9")
    }
    return nil
  }

  private func endEntity(_ facts: CertificateFacts) -> Reason? {
    if facts.keyUsage?.keyCertSign == true {
      return .profile("keyUsage has keyCertSign, but the certificate is no authority", section: "RFC 5280 §4.2.1.3")
    }
    if facts.basicConstraints?.pathLength != nil {
      return .profile("a path length, but the certificate is no authority", section: "RFC 5280 §4.2.1.9")
    }
    if facts.nameConstraints != nil {
      return .profile("nameConstraints, but the certificate is no authority", section: "RFC 5280 §4.2.1.10")
    }
    return nil
  }

  private func authority(_ facts: CertificateFacts, in place: Place) -> Reason? {
    guard facts.certificate.version == .v3 else { return nil }
    guard facts.isAuthority else { return .notAnAuthority }
    if let usage = facts.keyUsage, !usage.keyCertSign, place != .leaf || facts.basicConstraints?.pathLength != nil {
      return .keyUsage(missing: "keyCertSign")
    }
    return nil
  }
}
