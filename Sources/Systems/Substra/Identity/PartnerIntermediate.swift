import Credentials
import X509

/// An authority that another organization runs below ours, with names that it may certify and others that it may not.
///
/// Substra checks a certificate's organization, but not the chain's name constraints; and since the intermediate itself
/// carries the identifier of the key above it, its clients pass for those of any organization that we sign for.
enum PartnerIntermediate {
  static func isOne(_ certificate: Certificate) -> Bool {
    certificate.isPartnerIntermediate
  }

  static func problem(in chain: [Certificate]) -> Problem? {
    guard let certificate = chain.first(where: isOne) else { return nil }
    return Problem(
      "substra-partner-intermediate",
      what: "its chain goes through \(name(of: certificate)), which is limited to certain names",
      why: "Substra knows organizations by the O of a certificate and the identifier of a key, and does not hold a "
        + "partner's authority to the names that it is limited to",
      fix: "have the partner send a certificate signing request, and sign that (csr: FILE)")
  }

  static func name(of certificate: Certificate) -> String {
    certificate.subject.commonName.map { "CN=\($0)" } ?? "\(certificate.subject)"
  }
}
