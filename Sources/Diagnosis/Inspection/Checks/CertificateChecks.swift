import Foundation

/// What is wrong with a certificate, read by itself.
enum CertificateChecks {
  /// How long before its end a certificate is worth a warning.
  static let warningPeriod: TimeInterval = 30 * 86_400

  /// - Parameter warning: as ``Inspection/Settings/expiryWarning``.
  static func check(
    _ certificate: CertificateFacts, at now: Date, warning: Duration?, into report: inout FindingList
  ) {
    checkValidity(certificate, at: now, warning: warning, into: &report)
    checkVersion(certificate, into: &report)
    checkSerial(certificate, into: &report)
    ItemChecks.check(certificate.publicKey, into: &report)
    // Nobody checks a root's own signature.
    if !certificate.isSelfIssued { ItemChecks.check(certificate.signature, into: &report) }
    if !certificate.isSignatureAlgorithmConsistent {
      report.add(
        .algorithmMismatch, .error, "the signature algorithm inside the certificate differs from the one outside",
        why: "RFC 5280 §4.1.1.2 wants them equal, and every verifier refuses the certificate",
        fix: "have the certificate issued again")
    }
    checkExtensions(certificate.extensions, into: &report)
    // Version 1 has no extensions to miss.
    guard certificate.version >= 3 else { return }
    if certificate.role == .leaf {
      checkLeaf(certificate, into: &report)
    } else {
      checkAuthority(certificate, into: &report)
    }
    checkKeyIdentifiers(certificate, into: &report)
  }

  private static func checkValidity(
    _ certificate: CertificateFacts, at now: Date, warning: Duration?, into report: inout FindingList
  ) {
    guard let notBefore = certificate.notBefore, let notAfter = certificate.notAfter else {
      return report.add(
        .unreadableValidity, .error, "the validity isn't written as RFC 5280 wants it",
        why: "verifiers refuse the certificate", fix: "have the certificate issued again")
    }
    if notBefore > now {
      report.add(
        .notYetValid, .error, "not valid before \(DERTime.rfc3339(notBefore))",
        why: "peers refuse it until then; often the clock of the issuer's machine is ahead",
        fix: "compare the clocks, or wait")
    }
    if notAfter < now {
      report.add(
        .expired, .error, "expired at \(DERTime.rfc3339(notAfter)), \(days(from: notAfter, to: now)) days ago",
        why: "every peer refuses it",
        fix: certificate.role == .leaf ? "renew it" : "roll over to a new authority, and renew all that it issued")
    } else if isLate(from: notBefore, to: notAfter, at: now, warning: warning) {
      report.add(
        .expiresSoon, .warning, "expires at \(DERTime.rfc3339(notAfter)), in \(days(from: now, to: notAfter)) days",
        why: "every peer refuses it from then on", fix: "renew it now")
    }
  }

  /// Within what the operator said. Else within ``warningPeriod`` of its end, and in the last third of its life: a
  /// certificate made for a day is not late when it is new.
  static func isLate(from notBefore: Date, to notAfter: Date, at now: Date, warning: Duration?) -> Bool {
    let left = notAfter.timeIntervalSince(now)
    if let warning { return left < Double(warning.components.seconds) }
    return left < warningPeriod && left < notAfter.timeIntervalSince(notBefore) / 3
  }

  static func days(from start: Date, to end: Date) -> Int {
    let days = (end.timeIntervalSince(start) / 86_400).rounded(.down)
    return Int(min(max(days, -10_000_000), 10_000_000))
  }

  private static func checkVersion(_ certificate: CertificateFacts, into report: inout FindingList) {
    guard certificate.version < 3 else { return }
    if certificate.role == .legacyRoot {
      report.add(
        .version1, .warning, "a certificate of version \(certificate.version), without extensions",
        why: "it can't say that it is an authority; as a root some verifiers take it, Java and others don't",
        fix: "make a root of version 3, and roll over to it")
    } else {
      report.add(
        .version1, .error,
        "a certificate of version \(certificate.version): it has no names, no purposes, no key identifiers",
        why: "`openssl x509 -req` makes these unless it is given -extfile; Go, Java and browsers refuse them",
        fix: "have the request signed again: countersign sign FILE.csr")
    }
  }

  private static func checkSerial(_ certificate: CertificateFacts, into report: inout FindingList) {
    let serial = certificate.serial
    if serial.allSatisfy({ $0 == 0 }) || (serial.first ?? 0) & 0x80 != 0 {
      report.add(
        .serialNotPositive, .error, "the serial number is \(serial.allSatisfy { $0 == 0 } ? "zero" : "negative")",
        why: "RFC 5280 §4.1.2.2 wants a positive one, and Go refuses a negative one",
        fix: "have the certificate issued again")
    }
    if serial.drop(while: { $0 == 0 }).count > 20 {
      report.add(
        .serialTooLong, .error, "the serial number has \(serial.count) bytes", why: "RFC 5280 §4.1.2.2 allows 20",
        fix: "have the certificate issued again")
    }
  }

  private static func checkExtensions(_ extensions: ExtensionFacts, into report: inout FindingList) {
    for name in extensions.repeated {
      report.add(
        .repeatedExtension, .error, "the extension \(name) is there twice", why: "RFC 5280 §4.2 forbids it",
        fix: "have the certificate issued again")
    }
    for name in extensions.undecodable {
      report.add(
        .undecodableExtension, .error, "the extension \(name) can't be read", why: "verifiers refuse the certificate",
        fix: "have the certificate issued again")
    }
    for entry in extensions.entries where entry.isCritical && !entry.isKnown {
      report.add(
        .unknownCriticalExtension, .error, "the unknown extension \(entry.name) is critical",
        why: "a verifier must refuse what it doesn't know when it is critical (RFC 5280 §4.2)",
        fix: "have the certificate issued again without it")
    }
  }

  private static func checkLeaf(_ certificate: CertificateFacts, into report: inout FindingList) {
    let names = certificate.extensions.subjectAlternativeNames ?? []
    guard names.isEmpty else { return }
    report.add(
      .noSubjectAlternativeName, .error, "the certificate has no subject alternative name",
      why: "clients match names against it and no longer look at CN\(certificate.commonName.map { " (\($0))" } ?? "")",
      fix: "have it issued again with its names: countersign sign, or openssl with subjectAltName in -extfile")
  }

  private static func checkAuthority(_ certificate: CertificateFacts, into report: inout FindingList) {
    let extensions = certificate.extensions
    if let usage = extensions.keyUsage, !usage.contains("keyCertSign") {
      report.add(
        .authorityWithoutCertSign, .error, "an authority whose key usage lacks keyCertSign",
        why: "verifiers refuse whatever it signed (RFC 5280 §4.2.1.3)", fix: "issue the authority's certificate again")
    } else if extensions.keyUsage == nil {
      report.add(
        .authorityWithoutCertSign, .warning, "an authority without key usage",
        why: "RFC 5280 §4.2.1.3 wants keyCertSign there, and strict verifiers refuse it",
        fix: "issue the authority's certificate again, with keyUsage critical, keyCertSign and cRLSign")
    }
    if let constraints = extensions.basicConstraints, !constraints.isCritical {
      report.add(
        .basicConstraintsNotCritical, .warning, "basicConstraints isn't critical",
        why: "RFC 5280 §4.2.1.9 wants it critical in an authority, and strict verifiers refuse it",
        fix: "issue the authority's certificate again")
    }
    if extensions.subjectKeyIdentifier == nil {
      report.add(
        .noSubjectKeyIdentifier, .warning, "an authority without subject key identifier",
        why: "RFC 5280 §4.2.1.2 wants it; when two authorities share a name, verifiers choose by it",
        fix: "issue the authority's certificate again")
    }
  }

  private static func checkKeyIdentifiers(_ certificate: CertificateFacts, into report: inout FindingList) {
    guard !certificate.isSelfIssued, certificate.extensions.authorityKeyIdentifier == nil else { return }
    report.add(
      .noAuthorityKeyIdentifier, .warning,
      "the certificate doesn't say which key signed it (no authority key identifier)",
      why: "RFC 5280 §4.2.1.1 wants it; after a rollover verifiers can't tell the old issuer from the new",
      fix: "have the certificate issued again")
  }
}
