package import Credentials
package import Ledger
package import X509

/// The authority as the orchestrator uses it: the issuer that signs, those that signed before and still have valid
/// certificates, and the roots that nodes trust.
package struct LiveAuthority: Sendable {
  /// An issuer that answers for certificates: for their CRL, their OCSP answers, and as the target of AIA.
  package struct Issuing: Sendable {
    package var issuer: Issuer
    package var reference: IssuerReference

    package init(issuer: Issuer, reference: IssuerReference) {
      self.issuer = issuer
      self.reference = reference
    }
  }

  /// The one that signs.
  package var signing: Issuing
  /// All whose keys are here, the signing one among them, lowest number first.
  package var issuers: [Issuing]
  /// What nodes trust: EST's cacerts and the trust of the listener.
  package var roots: [Certificate]

  package init(signing: Issuing, issuers: [Issuing], roots: [Certificate]) {
    self.signing = signing
    self.issuers = issuers
    self.roots = roots
  }

  /// A leaf's companions: what is delivered after it, nearest first, without the root.
  package var intermediates: [Certificate] { signing.issuer.intermediates }

  /// SHA-256 of the signing issuer's root, DER: what join strings name.
  package var rootHash: [UInt8] {
    get throws {
      guard let root = roots.last else { return [] }
      return try Fingerprint(root).bytes
    }
  }
}
