import Credentials
import Enrolment
import Foundation
package import Ledger
import TLSRuntime
package import X509

/// Whose certificates clients may come with: our own authority's, and those of partners.
package struct PeerTrust: Sendable {
  package struct Partner: Sendable {
    package var organization: String
    package var trust: [Certificate]

    package init(organization: String, trust: [Certificate]) {
      self.organization = organization
      self.trust = trust
    }
  }

  private let own: [CertificateInput]
  private let references: [Certificate.PublicKey: IssuerReference]
  package let partners: [Partner]

  /// - Parameters:
  ///   - issuers: our issuing certificates, with what the ledger calls them.
  ///   - roots: they may have issued to clients themselves, at the desk.
  package init(issuers: [(Certificate, IssuerReference)], roots: [Certificate], partners: [Partner]) {
    var references: [Certificate.PublicKey: IssuerReference] = [:]
    for root in roots {
      references[root.publicKey] = (try? root.publicKey.ledgerHash).map { IssuerReference(keyID: $0, ordinal: 0) }
    }
    for (certificate, reference) in issuers { references[certificate.publicKey] = reference }
    self.references = references
    self.partners = partners
    own = [CertificateInput](issuers.map(\.0) + roots)
  }

  package init(_ snapshot: OrchestratorCore.Snapshot) {
    self.init(
      issuers: snapshot.authority.issuers.map { ($0.issuer.certificate, $0.reference) },
      roots: snapshot.authority.roots,
      partners: snapshot.configuration.admission.partners.map {
        Partner(organization: $0.organization, trust: $0.trust)
      })
  }

  /// All authorities, for the list that the server sends to its clients.
  package var authorities: [Certificate] {
    var seen: Set<Certificate> = []
    return (own.compactMap(\.certificate) + partners.flatMap(\.trust)).filter { seen.insert($0).inserted }
  }

  /// Judges a client's certificates, the leaf first.
  func judge(_ chain: [CertificateInput], at now: Date) -> Result<AdmittedPeer, PeerRefusal> {
    guard let leaf = chain.first else { return .failure(PeerRefusal(.malformed, "no certificate")) }
    let intermediates = Array(chain.dropFirst())
    let verdict = verdict(leaf, intermediates, trust: own, at: now)
    if let path = verdict.path {
      guard path.count > 1, let reference = references[path[1].publicKey] else {
        return .failure(PeerRefusal(.untrusted, "\(name(of: leaf)): its issuer is not one of our own"))
      }
      return admit(path, .own(reference))
    }
    for partner in partners {
      let trust = [CertificateInput](partner.trust)
      if let path = self.verdict(leaf, intermediates, trust: trust, at: now).path {
        return admit(path, .partner(organization: partner.organization))
      }
    }
    return .failure(refusal(verdict, leaf))
  }

  private func verdict(
    _ leaf: CertificateInput, _ intermediates: [CertificateInput], trust: [CertificateInput], at now: Date
  ) -> Verdict {
    verify(PathRequest(leaf: leaf, intermediates: intermediates, trust: trust, at: now, purpose: .client))
  }

  private func admit(_ path: [Certificate], _ origin: PeerIdentity.Origin) -> Result<AdmittedPeer, PeerRefusal> {
    do {
      return .success(try AdmittedPeer(path: path, origin: origin))
    } catch {
      return .failure(PeerRefusal(.malformed, "\(error)"))
    }
  }

  private func refusal(_ verdict: Verdict, _ leaf: CertificateInput) -> PeerRefusal {
    guard let rejection = verdict.rejection else { return PeerRefusal(.untrusted, name(of: leaf)) }
    let cause: PeerRefusal.Cause =
      switch rejection.first {
      case .expired: .expired
      case .notYetValid: .notYetValid
      case .malformed, .unsupportedAlgorithm, .unsupportedVersion: .malformed
      default: .untrusted
      }
    return PeerRefusal(cause, rejection.message)
  }

  private func name(of leaf: CertificateInput) -> String { leaf.certificate?.subject.description ?? "a certificate" }
}

/// A client whose certificates were verified.
package struct AdmittedPeer: Sendable {
  package let identity: PeerIdentity
  /// From the leaf to the authority that is trusted.
  let path: [Certificate]
  /// What a revocation of any certificate of the path is known by; the leaf's comes first.
  let revocationKeys: [KnownRevocations.Key]
  /// When all of the path is valid.
  let notBefore: Date
  let notAfter: Date

  init(path: [Certificate], origin: PeerIdentity.Origin) throws {
    guard let leaf = path.first else { throw PeerRefusal(.malformed, "no certificate") }
    identity = PeerIdentity(certificate: leaf, der: try leaf.derBytes(), origin: origin)
    self.path = path
    revocationKeys = try zip(path, path.dropFirst()).map { certificate, issuer in
      KnownRevocations.Key(
        certificate.serialNumber, of: IssuerReference(keyID: try issuer.publicKey.ledgerHash, ordinal: 0))
    }
    notBefore = path.map(\.notValidBefore).max() ?? leaf.notValidBefore
    notAfter = path.map(\.notValidAfter).min() ?? leaf.notValidAfter
  }

  func refusal(at now: Date, _ revocations: KnownRevocations) -> PeerRefusal? {
    let subject = identity.certificate.subject.description
    if now > notAfter { return PeerRefusal(.expired, "\(subject): expired at \(notAfter.formatted(.iso8601))") }
    if now < notBefore {
      return PeerRefusal(.notYetValid, "\(subject): not valid before \(notBefore.formatted(.iso8601))")
    }
    if revocationKeys.contains(where: revocations.contains) { return PeerRefusal(.revoked, "\(subject): revoked") }
    return nil
  }
}
