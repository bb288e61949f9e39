package import Credentials

/// Why a late renewal's evidence doesn't hold.
package enum LateRenewalError: ExplainedError, Hashable {
  case malformed(String)
  /// Not given out here, or not by this process.
  case unknownNonce
  case expiredNonce
  case usedNonce
  /// More renewals in one minute than are remembered.
  case tooManyNonces
  /// The signature isn't by the certificate's key over this nonce and this request.
  case wrongSignature

  package var message: String {
    switch self {
    case .malformed(let reason): "the late renewal can't be read: \(reason)"
    case .unknownNonce: "the nonce was not given out by this orchestrator"
    case .expiredNonce: "the nonce is older than \(RenewalNonces.lifetime.operatorText)"
    case .usedNonce: "the nonce was used already"
    case .tooManyNonces: "too many late renewals at once"
    case .wrongSignature: "the signature is not by the certificate's key over the nonce and the request"
    }
  }

  package var hint: String? {
    switch self {
    case .malformed, .wrongSignature: "docs/manual/late-renewal.md shows how it is made with openssl"
    case .unknownNonce, .expiredNonce, .usedNonce, .tooManyNonces: "ask for a new nonce and sign again"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .malformed: .badInput
    case .tooManyNonces: .environment
    default: .refused
    }
  }
}
