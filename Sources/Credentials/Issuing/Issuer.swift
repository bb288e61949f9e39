package import Foundation
package import X509

/// One signing certificate of an authority, with its key.
package struct Issuer: Sendable {
  package let certificate: Certificate
  /// What its leaves are delivered with: itself unless it is a root, and those between it and the root, nearest first.
  package let intermediates: [Certificate]
  /// Where the certificates that it signs say its lists and answers are; nil leaves that out.
  package let distribution: Distribution?
  let key: Certificate.PrivateKey
  let outputCheck: IssuedCertificateCheck
  private let leafExtensions: LeafExtensions
  private let leafIssuer: LeafEncoding.Issuer
  private let signatureAlgorithm: Certificate.SignatureAlgorithm

  /// - Throws: ``IssuanceError/keyMismatch``, ``IssuanceError/notAnAuthority(_:)``.
  package init(
    certificate: Certificate, intermediates: [Certificate] = [], key: Certificate.PrivateKey,
    distribution: Distribution? = nil
  ) throws(IssuanceError) {
    guard key.publicKey == certificate.publicKey else { throw .keyMismatch }
    if let problem = certificate.authorityProblem { throw .notAnAuthority(problem) }
    self.certificate = certificate
    self.intermediates = intermediates
    self.key = key
    self.distribution = distribution
    outputCheck = IssuedCertificateCheck(
      issuer: certificate, ancestors: intermediates.filter { $0 != certificate })
    signatureAlgorithm = key.preferredSignatureAlgorithm
    guard let algorithm = SignatureAlgorithms.encoding(signatureAlgorithm) else {
      throw .signingFailed("the key's signature algorithm is unknown")
    }
    do {
      leafIssuer = LeafEncoding.Issuer(algorithm: algorithm, name: try certificate.subject.derBytes())
      leafExtensions = try LeafExtensions(
        authorityKeyIdentifier: certificate.keyIdentifierForChildren, distribution: distribution)
    } catch {
      throw .signingFailed(asn1Reason(error))
    }
  }

  /// The same issuer, whose leaves from now on say where its lists and answers are.
  /// - Parameter base: see ``Distribution/init(base:issuer:)``.
  /// - Throws: ``DistributionError``, ``IssuanceError``.
  package func publishing(at base: String?) throws -> Issuer {
    try Issuer(
      certificate: certificate, intermediates: intermediates, key: key,
      distribution: try base.map { try Distribution(base: $0, issuer: certificate.publicKey) })
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
    try checkNames(grant)
    let validity = try validity(for: grant.lifetime, at: now)
    let der: [UInt8]
    do {
      let leaf = LeafEncoding(
        serial: serial, validity: validity, subject: grant.subject, keyInfo: grant.request.keyInfo,
        extensions: try leafExtensions.encoded(
          grant.profile, isRSA: grant.request.publicKey.isRSA, names: grant.names,
          keyIdentifier: grant.request.keyIdentifier))
      let tbs = try leaf.toBeSigned(by: leafIssuer)
      let signature = try key.sign(bytes: tbs, signatureAlgorithm: signatureAlgorithm)
      der = signedDER(tbs, algorithm: leafIssuer.algorithm, signature: signature)
    } catch {
      throw .signingFailed(asn1Reason(error))
    }
    return try verifyOwnOutput(der, profile: grant.profile, at: now)
  }

  /// Holds the names of a grant against the name constraints of this issuer and those above it.
  /// - Throws: ``IssuanceError/nameNotPermitted(_:)``.
  package func checkNames(_ grant: Grant) throws(IssuanceError) {
    if let reason = outputCheck.forbiddenName(subject: grant.subject, names: grant.names.map(\.generalName)) {
      throw .nameNotPermitted(reason.message)
    }
  }

  /// Signs a list of revoked certificates (RFC 5280 §5). Pure: the caller supplies number and times.
  /// - Returns: DER.
  /// - Throws: ``RevocationError``.
  package func revocationList(
    _ entries: [RevokedCertificate], number: UInt64, thisUpdate: Date, nextUpdate: Date
  ) throws(RevocationError) -> [UInt8] {
    try CertificateRevocationList.issue(
      entries: entries, by: RevocationListIssuer(certificate: certificate, key: key),
      update: RevocationListUpdate(number: number, thisUpdate: thisUpdate, nextUpdate: nextUpdate))
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
  ) throws(IssuanceError) -> [UInt8] {
    do {
      return try Certificate(
        version: .v3, serialNumber: serial, publicKey: subjectKey, notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter, issuer: certificate.subject, subject: subject,
        signatureAlgorithm: signatureAlgorithm, extensions: extensions(), issuerPrivateKey: key
      ).derBytes()
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

extension Issuer {
  /// Whether its name constraints, and those above it, leave room for a name.
  package func permits(_ name: SubjectName) -> Bool {
    outputCheck.forbiddenName(subject: DistinguishedName([RelativeDistinguishedName]()), names: [name.generalName])
      == nil
  }
}
