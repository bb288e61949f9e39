package import Foundation
package import X509

/// One signing certificate of an authority, with its key.
package struct Issuer: Sendable {
  package let certificate: Certificate
  /// The certificates between it and the root, nearest first, the root left out: what its leaves are delivered with.
  package let intermediates: [Certificate]
  let key: Certificate.PrivateKey

  /// - Throws: ``IssuanceError/keyMismatch``, ``IssuanceError/notAnAuthority(_:)``.
  package init(
    certificate: Certificate, intermediates: [Certificate] = [], key: Certificate.PrivateKey
  ) throws(IssuanceError) {
    guard key.publicKey == certificate.publicKey else { throw .keyMismatch }
    if let problem = certificate.authorityProblem { throw .notAnAuthority(problem) }
    self.certificate = certificate
    self.intermediates = intermediates
    self.key = key
  }

  package var isRoot: Bool { certificate.subject == certificate.issuer }
}

/// How far back notBefore is set: nodes whose clocks are a little behind accept a new certificate at once.
package let notBeforeBackdating: TimeInterval = 300

extension Issuer {
  /// Signs a leaf (RFC 5280 §4.1). Pure: the caller supplies time and serial.
  /// - Throws: ``IssuanceError``: `.outlivesIssuer`, `.nameNotPermitted`, `.ownOutputRejected`.
  package func issue(
    _ request: AuthorizedRequest, serial: SerialNumber, at now: Date
  ) throws(IssuanceError) -> IssuedCertificate {
    let grant = request.grant
    let validity = try validity(for: grant.lifetime, at: now)
    let leaf = try sign(
      subject: grant.subject, key: grant.request.publicKey, serial: serial, validity: validity
    ) {
      try .leaf(
        profile: grant.profile, key: grant.request.publicKey, names: grant.names,
        authorityKeyIdentifier: certificate.keyIdentifierForChildren)
    }
    return try verifyOwnOutput(leaf, profile: grant.profile, at: now)
  }

  /// The validity of a new certificate, whole seconds, back-dated.
  /// - Throws: ``IssuanceError/outlivesIssuer(notAfter:issuerNotAfter:)``: a refusal, never a silent cut.
  package func validity(for lifetime: Duration, at now: Date) throws(IssuanceError) -> Validity {
    let validity = Validity(lifetime, at: now)
    guard certificate.notValidBefore <= now else {
      throw .issuerNotYetValid(issuerNotBefore: rfc3339(certificate.notValidBefore))
    }
    guard validity.notAfter <= certificate.notValidAfter else {
      throw .outlivesIssuer(notAfter: rfc3339(validity.notAfter), issuerNotAfter: rfc3339(certificate.notValidAfter))
    }
    return validity
  }

  func sign(
    subject: DistinguishedName, key subjectKey: Certificate.PublicKey, serial: SerialNumber, validity: Validity,
    extensions: () throws -> Certificate.Extensions
  ) throws(IssuanceError) -> Certificate {
    do {
      return try Certificate(
        version: .v3, serialNumber: serial, publicKey: subjectKey, notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter, issuer: certificate.subject, subject: subject,
        signatureAlgorithm: key.preferredSignatureAlgorithm, extensions: extensions(), issuerPrivateKey: key)
    } catch {
      throw .signingFailed(asn1Reason(error))
    }
  }
}

/// From when until when (RFC 5280 §4.1.2.5), in whole seconds.
package struct Validity: Hashable, Sendable {
  package let notBefore: Date
  package let notAfter: Date

  package init(_ lifetime: Duration, at now: Date) {
    let second = now.timeIntervalSince1970.rounded(.down)
    notBefore = Date(timeIntervalSince1970: second - notBeforeBackdating)
    notAfter = Date(timeIntervalSince1970: second + Double(lifetime.components.seconds))
  }
}

/// A certificate with the DER bytes that were verified and will be handed out.
package struct IssuedCertificate: Sendable {
  package let certificate: Certificate
  package let der: [UInt8]
}

extension Certificate.PrivateKey {
  /// SHA-2 matched to the key's strength; Ed25519 has its own.
  var preferredSignatureAlgorithm: Certificate.SignatureAlgorithm {
    switch KeyKind(publicKey) {
    case .p256: .ecdsaWithSHA256
    case .p384: .ecdsaWithSHA384
    case .p521: .ecdsaWithSHA512
    case .ed25519: .ed25519
    case .rsa2048, .rsa3072, .rsa4096, nil: .sha256WithRSAEncryption
    }
  }
}

extension Certificate {
  /// Why this certificate can't sign others; nil where it can. A version 1 certificate has no extensions that could
  /// forbid it: old roots are such, and whoever imports one is warned.
  package var authorityProblem: String? {
    if version == .v1 { return nil }
    do {
      guard case .isCertificateAuthority = try extensions.basicConstraints else { return "it is not marked CA:TRUE" }
      if let usage = try extensions.keyUsage, !usage.keyCertSign { return "its keyUsage lacks keyCertSign" }
    } catch {
      return "its extensions are malformed"
    }
    return nil
  }
}

/// RFC 3339 in UTC, whole seconds: `2026-01-31T12:00:00Z`.
package func rfc3339(_ date: Date) -> String {
  let seconds = Int64(date.timeIntervalSince1970.rounded(.down))
  let days = Int64((Double(seconds) / 86_400).rounded(.down))
  let rest = seconds - days * 86_400
  let (year, month, day) = civil(fromDays: days)
  func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let yearText = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
  return "\(yearText)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
}

/// The proleptic Gregorian date of a day number counted from 1970-01-01, by 400-year eras that begin in March.
private func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let shifted = days + 719_468
  let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
  let dayOfEra = shifted - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shiftedMonth = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
  let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}
