import X509

/// The signature checks of one verification: each is made once, and no more of them than its limits allow.
///
/// Certificates are told apart by their ``CertificateFacts``, which have to live as long as this: to hash a certificate
/// for each look-up would cost as much as what is saved.
struct SignatureChecks {
  private struct Question: Hashable {
    var child: ObjectIdentifier
    var issuer: ObjectIdentifier
  }

  private let limit: Int
  private var answers: [Question: Bool] = [:]

  init(limit: Int) { self.limit = limit }

  /// Whether the issuer's key signed the certificate; nil when that would be one check too many.
  mutating func isSigned(_ child: CertificateFacts, by issuer: CertificateFacts) -> Bool? {
    let question = Question(child: ObjectIdentifier(child), issuer: ObjectIdentifier(issuer))
    if let known = answers[question] { return known }
    guard answers.count < limit else { return nil }
    let answer = issuer.certificate.publicKey.isValidSignature(child.certificate.signature, for: child.certificate)
    answers[question] = answer
    return answer
  }

  /// Why nothing can be said once the limit is reached.
  var exhaustion: String { "more than \(limit) signatures to check" }
}
