package import Credentials
package import Foundation
package import X509

/// What a partner's certificate lets in: nodes of its own organization under its own DNS names, and nothing else.
extension AdmissionRules.Partner {
  /// Addresses and URIs are nobody's suffix: they are permitted only where the policy names them outright.
  package var bounds: NameBounds { NameBounds(organization: organization, dns: dns) }

  /// Whether one of the partner's authorities vouches for this certificate now, as a client's.
  package func rejection(of certificate: Certificate, intermediates: [Certificate], at now: Date) -> Rejection? {
    let request = PathRequest(
      leaf: .parsed(certificate), intermediates: [CertificateInput](intermediates), trust: [CertificateInput](trust),
      at: now, purpose: .client)
    return verify(request).rejection
  }
}
