package import Credentials
package import Enrolment
package import Foundation
import HTTPTypes
package import Ledger

/// One request for a certificate, from its bytes to the answer, whatever protocol brought it:
/// verify → admit → policy → bounds → record, sign, verify, record.
package struct EnrolmentService: Sendable {
  package enum Answer: Sendable {
    /// DER. It is in the record.
    case issued(certificate: [UInt8])
    case waiting(PendingRequest, retryAfter: Duration)
    case refused(Refusal)
  }

  let core: OrchestratorCore
  let methods: [any AdmissionMethod]
  let gate: (any EnrolmentGate)?
  let decisions: DecisionLog

  /// - Parameters:
  ///   - methods: asked in this order; the first that finds its evidence decides.
  ///   - gate: who asks how often; nil for no limits.
  package init(
    core: OrchestratorCore, methods: [any AdmissionMethod], gate: (any EnrolmentGate)?, decisions: DecisionLog
  ) {
    self.core = core
    self.methods = methods
    self.gate = gate
    self.decisions = decisions
  }

  /// - Throws: what keeps the service from deciding or from writing it down. A refusal is an answer.
  package func enrol(_ submission: EnrolmentSubmission) async throws -> Answer {
    let snapshot = core.current
    let now = core.clock()
    do {
      if let problem = await gate?.request(from: submission.source, snapshot.configuration.limits, at: now) {
        // The gate writes down by itself whom it stops.
        core.metrics.admission(nil, outcome: "refused", reason: "limit")
        return .refused(Refusal(problem, rule: "limits.perAddress", cause: "too many requests from one address"))
      }
      let request = try submission.verified()
      let answer = try await answer(to: request, in: snapshot, at: now)
      if case .refused(let refusal) = answer {
        await note(refusal, of: submission, request.request.title, snapshot, now)
      }
      return answer
    } catch let refusal as Refusal {
      await note(refusal, of: submission, nil, snapshot, now)
      return .refused(refusal)
    }
  }

  private func answer(
    to request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> Answer {
    for method in methods {
      switch try await method.admit(request, in: snapshot, at: now) {
      case .notMine: continue
      case .refused(let refusal): return .refused(refusal)
      case .waiting(let pending, let retryAfter):
        core.metrics.admission(.approval, outcome: "waiting")
        return .waiting(pending, retryAfter: retryAfter)
      case .repeated(let certificate): return .issued(certificate: certificate)
      case .admitted(let admission, let bounds):
        do {
          let issued = try await issue(request, admission, bounds, in: snapshot, at: now)
          core.metrics.admission(admission.kind, outcome: "admitted")
          core.metrics.issued(admission.kind)
          return .issued(certificate: issued.der)
        } catch var refusal as Refusal {
          refusal.kind = admission.kind
          return .refused(refusal)
        }
      }
    }
    return .refused(
      Refusal(.credentialsMissing, rule: "admission", cause: "no evidence for any way of admission that is offered"))
  }

  private func issue(
    _ request: EnrolmentRequest, _ admission: Ledger.Admission, _ bounds: NameBounds,
    in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> IssuedCertificate {
    let authorized: AuthorizedRequest
    do {
      authorized = try request.authorized(
        as: admission.kind, profile: request.profile ?? bounds.unchanged?.profile, in: snapshot)
    } catch {
      throw Refusal(error)
    }
    let policy = snapshot.configuration.policy
    if let reason = bounds.refusal(
      of: authorized.grant, isNamedByPolicy: { policy.namesOutright($0, of: authorized.grant, as: admission.kind) })
    {
      throw Refusal(Problem(.forbidden, .forbidden, reason), rule: admission.rule, cause: reason)
    }
    let node = authorized.grant.subject.node
    if let node, let gate,
      let problem = await gate.certificate(for: node, from: request.source, snapshot.configuration.limits, at: now)
    {
      throw Refusal(problem, rule: "limits.perIdentity", cause: "too many certificates for one node")
    }
    return try await record(authorized, of: request, admission, in: snapshot.authority, at: now)
  }

  private func record(
    _ authorized: AuthorizedRequest, of request: EnrolmentRequest, _ admission: Ledger.Admission,
    in authority: LiveAuthority, at now: Date
  ) async throws -> IssuedCertificate {
    var admission = admission
    admission.rule += ", policy \(authorized.rule)"
    admission.source = request.source
    let issuing = RecordedIssuing(
      issuer: authority.signing.issuer, reference: authority.signing.reference, log: core.ledger)
    var generator = SystemRandomNumberGenerator()
    do {
      return try await issuing.issue(
        authorized, der: request.der, serial: .random(using: &generator), by: admission.requester,
        admission: admission, at: now)
    } catch LedgerError.claimRefused(let refusal) {
      throw Refusal(refusal, rule: admission.rule)
    } catch let error as IssuanceError where error.kind == .refused {
      throw Refusal(error)
    }
  }

  private func note(
    _ refusal: Refusal, of submission: EnrolmentSubmission, _ title: String?, _ snapshot: OrchestratorCore.Snapshot,
    _ now: Date
  ) async {
    core.metrics.admission(refusal.kind, outcome: "refused", reason: refusal.problem.kind.rawValue)
    gate?.refused(from: submission.source, snapshot.configuration.limits)
    await decisions.refused(refusal, name: title, source: submission.source, at: now)
  }
}

/// Who may ask how often.
package protocol EnrolmentGate: Sendable {
  /// One request from an address, before anything of it is looked at.
  /// - Returns: the answer where there were too many.
  func request(from source: String, _ limits: RateLimits, at now: Date) async -> Problem?

  /// A request of an address was refused, and costs more than others.
  func refused(from source: String, _ limits: RateLimits)

  /// A certificate for an identity that was admitted.
  func certificate(
    for node: NodeRecord.Key, from source: String, _ limits: RateLimits, at now: Date
  ) async -> Problem?
}

/// A request as a protocol brought it: nothing of it is proven.
package struct EnrolmentSubmission: Sendable {
  /// The certification request, DER.
  package var der: [UInt8]
  package var operation: EnrolmentRequest.Operation
  package var credentials: BasicCredentials?
  package var peer: PeerIdentity?
  package var source: String
  package var profile: Profile?

  package init(
    der: [UInt8], operation: EnrolmentRequest.Operation, credentials: BasicCredentials? = nil,
    peer: PeerIdentity? = nil, source: String, profile: Profile? = nil
  ) {
    self.der = der
    self.operation = operation
    self.credentials = credentials
    self.peer = peer
    self.source = source
    self.profile = profile
  }

  /// - Throws: ``Refusal``.
  func verified() throws(Refusal) -> EnrolmentRequest {
    do {
      return EnrolmentRequest(
        request: try VerifiedRequest(try CertificateRequest(der: der)), der: der, operation: operation,
        credentials: credentials, peer: peer, source: source, profile: profile)
    } catch {
      let kind: Problem.Kind = error.kind == .badInput ? .malformed : .rejectedRequest
      throw Refusal(Problem(kind, .badRequest, error.message), rule: "request", cause: error.message)
    }
  }
}

extension EnrolmentRequest {
  /// What the policy grants. EST can't say how long a certificate shall be valid: it gets the configured lifetime, or
  /// the longest below that which a rule allows.
  ///
  /// - Throws: ``IssuanceError/refusedByPolicy(rule:reason:)``.
  func authorized(
    as kind: AdmissionKind, profile: Profile?, in snapshot: OrchestratorCore.Snapshot
  ) throws(IssuanceError) -> AuthorizedRequest {
    let policy = snapshot.configuration.policy
    let defaults = snapshot.configuration.issuing
    let profile = profile ?? defaults.profile
    do {
      return try policy.authorize(Grant(request, profile: profile, lifetime: defaults.lifetime), as: kind)
    } catch {
      let shorter = Set(policy.rules.compactMap(\.longest)).filter { $0 < defaults.lifetime }.sorted(by: >)
      for lifetime in shorter {
        let grant = Grant(request, profile: profile, lifetime: lifetime)
        if let authorized = try? policy.authorize(grant, as: kind) { return authorized }
      }
      throw error
    }
  }
}
