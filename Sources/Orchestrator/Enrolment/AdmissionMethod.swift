package import Credentials
package import Enrolment
package import Foundation
package import Ledger

/// A way to be let in. A method looks for its own evidence in a request; it decides nothing else.
package protocol AdmissionMethod: Sendable {
  /// - Throws: ``LedgerError`` and other failures; a refusal is a value.
  func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome
}

/// What a method says of a request.
package enum AdmissionOutcome: Sendable {
  /// It may have a certificate, for the names that the bounds and the policy allow.
  case admitted(Ledger.Admission, bounds: NameBounds)
  /// An operator has to decide first; ask again after a while.
  case waiting(PendingRequest, retryAfter: Duration)
  /// Its certificate was issued before, and perhaps never arrived: the same one again, DER.
  case repeated(certificate: [UInt8])
  case refused(Refusal)
  /// It brings no evidence for this method: the next one is asked.
  case notMine
}

/// A request for a certificate, with everything that may speak for it.
package struct EnrolmentRequest: Sendable {
  package enum Operation: Sendable {
    /// A first certificate.
    case enrol
    /// The next one, by a client that proved the present one in the handshake.
    case reenrol
    /// The next one, after the present one's end.
    case lateRenewal(LateRenewalEvidence)
  }

  package var request: VerifiedRequest
  /// The request as it came.
  package var der: [UInt8]
  package var operation: Operation
  /// From the Authorization header; unproven.
  package var credentials: BasicCredentials?
  /// Whose certificate the connection proved.
  package var peer: PeerIdentity?
  /// The address that asks.
  package var source: String
  /// What the client chose; nil for the default of the configuration, or what the renewed certificate has.
  package var profile: Profile?

  package init(
    request: VerifiedRequest, der: [UInt8], operation: Operation, credentials: BasicCredentials? = nil,
    peer: PeerIdentity? = nil, source: String, profile: Profile? = nil
  ) {
    self.request = request
    self.der = der
    self.operation = operation
    self.credentials = credentials
    self.peer = peer
    self.source = source
    self.profile = profile
  }
}

/// What a late renewal brings in place of a client certificate; unproven.
package struct LateRenewalEvidence: Sendable {
  /// The certificate to be renewed, DER.
  package var certificate: [UInt8]
  /// What the server gave out.
  package var nonce: [UInt8]
  /// By the certificate's key.
  package var signature: [UInt8]

  package init(certificate: [UInt8], nonce: [UInt8], signature: [UInt8]) {
    self.certificate = certificate
    self.nonce = nonce
    self.signature = signature
  }
}

/// A no, with its two faces: what the client is told, and what the operator needs to know.
package struct Refusal: Error, Hashable, Sendable {
  /// For the client: nothing that helps to guess.
  package var problem: Problem
  /// The rule that refused, such as `admission.tokens` or `policy 1`.
  package var rule: String
  /// For the log and the event record: no secret.
  package var cause: String
  /// Refusals of this kind are written down as an alarm, each of them.
  package var isAlarm: Bool
  /// By which way of admission it came, where that is known.
  package var kind: AdmissionKind?

  package init(_ problem: Problem, rule: String, cause: String, isAlarm: Bool = false, kind: AdmissionKind? = nil) {
    self.problem = problem
    self.rule = rule
    self.cause = cause
    self.isAlarm = isAlarm
    self.kind = kind
  }
}
