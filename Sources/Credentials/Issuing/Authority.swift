package import Foundation
import SwiftASN1
package import X509

/// What a new authority shall be.
package struct AuthorityPlan: Hashable, Sendable {
  package var name: String
  package var organization: String?
  package var lifetime: Duration
  package var maxPathLength: Int?
  package var constraints: AuthorityConstraints

  package init(
    name: String, organization: String? = nil, lifetime: Duration, maxPathLength: Int? = nil,
    constraints: AuthorityConstraints = .init()
  ) {
    self.name = name
    self.organization = organization
    self.lifetime = lifetime
    self.maxPathLength = maxPathLength
    self.constraints = constraints
  }

  func subject() throws(IdentityError) -> DistinguishedName {
    try Identity(commonName: name, organization: organization).subject
  }
}

extension Issuer {
  /// Makes a root: self-signed, with the constraints of its plan. Pure: the caller supplies key, time and serial.
  /// - Throws: ``IdentityError`` for a name that doesn't fit, ``IssuanceError/signingFailed(_:)``.
  package static func root(
    _ plan: AuthorityPlan, key: Certificate.PrivateKey, serial: SerialNumber, at now: Date
  ) throws -> Issuer {
    let subject = try plan.subject()
    let validity = Validity(plan.lifetime, at: now)
    let extensions = try Certificate.Extensions.authority(
      key: key.publicKey, authorityKeyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier,
      maxPathLength: plan.maxPathLength, nameConstraints: plan.constraints.named)
    let signed = try Certificate(
      version: .v3, serialNumber: serial, publicKey: key.publicKey, notValidBefore: validity.notBefore,
      notValidAfter: validity.notAfter, issuer: subject, subject: subject,
      signatureAlgorithm: key.preferredSignatureAlgorithm, extensions: .init(extensions), issuerPrivateKey: key)
    let issuer = try Issuer(certificate: Certificate(derEncoded: signed.derBytes()), key: key)
    guard issuer.certificate.publicKey.isValidSignature(issuer.certificate.signature, for: issuer.certificate) else {
      throw IssuanceError.ownOutputRejected("the signature does not verify with its own key")
    }
    return issuer
  }

  /// Signs an intermediate. Its path length is 0 unless the plan says otherwise, and all kinds of names that the plan
  /// does not permit are closed once it limits any.
  /// - Throws: ``IssuanceError``, ``IdentityError``.
  package func issueIntermediate(
    _ plan: AuthorityPlan, key subjectKey: Certificate.PublicKey, serial: SerialNumber, at now: Date
  ) throws -> IssuedCertificate {
    guard certificate.mayCertifyAuthorities else { throw IssuanceError.mayNotCertifyAuthorities }
    let validity = try validity(for: plan.lifetime, at: now)
    let signed = try sign(subject: try plan.subject(), key: subjectKey, serial: serial, validity: validity) {
      try .authority(
        key: subjectKey, authorityKeyIdentifier: certificate.keyIdentifierForChildren,
        maxPathLength: plan.maxPathLength ?? 0, nameConstraints: plan.constraints.closed)
    }
    return try verifyOwnOutput(signed, profile: nil, at: now)
  }

  /// Makes a certificate that vouches for itself: for a peer that is trusted by its own certificate, without authority.
  /// - Throws: ``IssuanceError/signingFailed(_:)``.
  package static func selfSigned(
    _ grant: Grant, key: Certificate.PrivateKey, serial: SerialNumber, at now: Date
  ) throws(IssuanceError) -> IssuedCertificate {
    let validity = Validity(grant.lifetime, at: now)
    do {
      let publicKey = key.publicKey
      let identifier = SubjectKeyIdentifier(hash: publicKey)
      let extensions = try LeafExtensions(authorityKeyIdentifier: identifier.keyIdentifier).extensions(
        grant.profile, isRSA: publicKey.isRSA, names: grant.names, keyIdentifier: identifier)
      let signed = try Certificate(
        version: .v3, serialNumber: serial, publicKey: publicKey, notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter, issuer: grant.subject, subject: grant.subject,
        signatureAlgorithm: key.preferredSignatureAlgorithm, extensions: .init(extensions), issuerPrivateKey: key)
      let der = try signed.derBytes()
      return IssuedCertificate(certificate: try Certificate(derEncoded: der), der: der)
    } catch {
      throw .signingFailed(asn1Reason(error))
    }
  }
}

extension Certificate {
  /// Whether its path length leaves room for another authority below it (RFC 5280 §4.2.1.9).
  package var mayCertifyAuthorities: Bool {
    guard version == .v3 else { return true }
    guard case .isCertificateAuthority(let limit) = try? extensions.basicConstraints else { return false }
    return limit != 0
  }
}
