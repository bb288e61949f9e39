package import Foundation

/// A cause that explains what was observed, the evidence for it, and what to do.
package struct HandshakeDiagnosis: Hashable, Sendable, Encodable {
  package enum Severity: String, Hashable, Sendable, Encodable {
    /// Mutual TLS does not work, or a client has to refuse the server.
    case problem
    /// It works, but less is enforced than an operator may believe.
    case warning
    case note
  }

  /// A stable name such as `name-mismatch`.
  package var code: String
  package var severity: Severity
  package var cause: String
  package var evidence: String
  package var fix: String?

  package init(_ severity: Severity, _ code: String, cause: String, evidence: String, fix: String? = nil) {
    self.severity = severity
    self.code = code
    self.cause = cause
    self.evidence = evidence
    self.fix = fix
  }
}

/// What a server does about client certificates, concluded from several attempts.
package enum ClientCertificateStance: String, Hashable, Sendable, Encodable {
  case notRequested = "not-requested"
  /// It asks, and accepts clients that present none.
  case optional
  case required
  case unknown
}

extension HandshakeObservation {
  package var stance: ClientCertificateStance {
    switch (outcome(of: .none), clientCertificateRequest) {
    case (.accepted, .notRequested): .notRequested
    case (.accepted, .requested): .optional
    case (.refused(let refusal), .requested): refusal.blamesCertificate ? .required : .unknown
    case (.refused(let refusal), .notRequested): refusal.isExplicit ? .required : .unknown
    default: .unknown
    }
  }

  /// Concludes what is wrong, the worst first.
  package func diagnose(at now: Date) -> [HandshakeDiagnosis] {
    let found =
      handshakeFindings() + chainFindings(at: now) + nameFindings() + validityFindings(at: now) + clientFindings()
      + ownCertificateFindings(at: now) + protocolFindings() + (upstream?.finding.map { [$0] } ?? [])
    let order: [HandshakeDiagnosis.Severity] = [.problem, .warning, .note]
    return order.flatMap { severity in found.filter { $0.severity == severity } }
  }
}

extension Refusal {
  /// Whether the refusal itself says that the client's certificate is the reason.
  package var isExplicit: Bool {
    switch form {
    case .alert(let alert): alert.concernsCertificate
    case .http, .message: true
    case .closed, .reset: false
    }
  }

  /// As ``isExplicit``, and also what servers of TLS 1.2 send for a missing certificate, or a connection that ends
  /// after a certificate was asked for.
  package var blamesCertificate: Bool {
    switch form {
    case .alert(let alert): alert.concernsCertificate || alert == .handshakeFailure
    case .http, .message, .closed, .reset: true
    }
  }
}

// MARK: - The server's side

extension HandshakeObservation {
  private func handshakeFindings() -> [HandshakeDiagnosis] {
    guard tls == nil, let outcome = outcome(of: .none), !outcome.isAccepted else { return [] }
    let fix: String? =
      switch outcome {
      case .refused(let refusal) where refusal.form == .alert(.protocolVersion):
        "enable TLS 1.3 or TLS 1.2 on the server"
      case .refused(let refusal) where refusal.form == .alert(.unrecognizedName):
        "connect by a name that the server is configured for, or give it with --name"
      case .refused(let refusal) where refusal.form == .alert(.handshakeFailure):
        "check the server's cipher suites and that its key fits its certificate"
      default: nil
      }
    return [
      .init(
        .problem, "no-handshake", cause: "the server ended the handshake before it presented itself",
        evidence: outcome.description, fix: fix)
    ]
  }

  private func chainFindings(at now: Date) -> [HandshakeDiagnosis] {
    var found: [HandshakeDiagnosis] = []
    let chain = certificates.compactMap(\.facts)
    if case .untrusted(let code, let reason) = server.chain {
      // Expiry has a finding of its own, which says more.
      if code != "expired" && code != "not-yet-valid" {
        found.append(untrusted(chain, code: code, reason: reason))
      }
    }
    for (certificate, next) in zip(chain, chain.dropFirst()) where certificate.issuer != next.subject {
      found.append(
        .init(
          .warning, "chain-order", cause: "the presented chain is not in order",
          evidence: "\(certificate.subject) is issued by \(certificate.issuer), but \(next.subject) follows it",
          fix: "put the server's certificate first in its file, then each issuer in turn"))
      break
    }
    if let leaf = chain.first, leaf.mayActAsServer == false {
      found.append(
        .init(
          .problem, "server-purpose", cause: "the server's certificate may not be used by a server",
          evidence: "its extendedKeyUsage lacks serverAuth", fix: "reissue it with the profile node or server"))
    }
    return found
  }

  private func untrusted(_ chain: [PresentedCertificate.Facts], code: String, reason: String) -> HandshakeDiagnosis {
    let subjects = Set(chain.map(\.subject) + (trust ?? []))
    if let dangling = chain.first(where: { $0.issuer != $0.subject && !subjects.contains($0.issuer) }) {
      return .init(
        .problem, chain.count == 1 ? "missing-issuer" : "missing-intermediate",
        cause: "the issuer of \(dangling.subject) is neither presented by the server nor in the trust bundle",
        evidence:
          "issuer \(dangling.issuer); the server presented \(chain.count) certificate\(chain.count == 1 ? "" : "s"); \(reason)",
        fix: "if the issuer is an intermediate, append it to the server's certificate file; "
          + "if it is a root that you trust, add it to the bundle given with --trust")
    }
    return .init(
      .problem, "chain-\(code)", cause: "the server's certificate chain is not valid", evidence: reason,
      fix: "countersign verify says more about the chain; the bundle may hold an older CA of the same name")
  }

  private func nameFindings() -> [HandshakeDiagnosis] {
    guard case .mismatch(let reason) = server.name, let leaf = certificates.first?.facts else { return [] }
    let names = leaf.dnsNames + leaf.ipAddresses + leaf.uris
    return [
      .init(
        .problem, "name-mismatch", cause: "the server's certificate is not for \(expectedName)", evidence: reason,
        fix: names.isEmpty
          ? "the certificate has no subjectAltName: reissue it with --dns \(expectedName)"
          : "connect by one of \(names.prefix(20).joined(separator: ", ")), or reissue it for \(expectedName)")
    ]
  }

  private func validityFindings(at now: Date) -> [HandshakeDiagnosis] {
    certificates.compactMap(\.facts).compactMap { certificate in
      if certificate.notAfter < now {
        return .init(
          .problem, "expired", cause: "\(certificate.subject) has expired",
          evidence: "not after \(certificate.notAfter.timestamp)", fix: "renew it on the server and reload the server")
      }
      if certificate.notBefore > now {
        return .init(
          .problem, "not-yet-valid", cause: "\(certificate.subject) is not valid yet",
          evidence: "not before \(certificate.notBefore.timestamp)", fix: "compare the clocks of both machines")
      }
      if certificate.notAfter < now.addingTimeInterval(7 * 86400) {
        return .init(
          .warning, "expires-soon", cause: "\(certificate.subject) expires within 7 days",
          evidence: "not after \(certificate.notAfter.timestamp)", fix: "renew it on the server and reload the server")
      }
      return nil
    }
  }

  private func protocolFindings() -> [HandshakeDiagnosis] {
    var found: [HandshakeDiagnosis] = []
    if let tls, tls.version != .tls13 {
      found.append(
        .init(
          .warning, "no-tls-1.3", cause: "the server does not speak TLS 1.3",
          evidence: "it chose \(tls.version) when TLS 1.3 was offered", fix: "enable TLS 1.3 on the server"))
    }
    if let nats, nats.tlsRequired != true {
      found.append(
        .init(
          .warning, "tls-optional", cause: "the NATS server also takes clients without TLS",
          evidence: "tls_required is not set in its INFO", fix: "remove allow_non_tls from its configuration"))
    }
    return found
  }
}

// MARK: - The client's side

extension HandshakeObservation {
  private func clientFindings() -> [HandshakeDiagnosis] {
    let foreign = outcome(of: .foreign)
    switch stance {
    case .notRequested:
      return [
        .init(
          ownCertificate == nil ? .note : .warning, "client-certificate-not-requested",
          cause: "the server does not ask for a client certificate",
          evidence: "its handshake holds no CertificateRequest",
          fix: "turn client verification on (nginx: ssl_verify_client on; NATS: verify: true)")
      ]
    case .optional:
      let accepts = foreign?.isAccepted == true ? "; a foreign certificate was accepted as well" : ""
      return [
        .init(
          .warning, "client-certificate-optional",
          cause: "the server asks for a client certificate but does not require one",
          evidence: "without a certificate: \(outcome(of: .none)?.description ?? "")\(accepts)",
          fix: "require it (nginx: ssl_verify_client on; PostgreSQL: clientcert=verify-ca on a hostssl line)")
      ]
    case .required:
      guard let foreign, foreign.isAccepted else {
        return ownCertificate == nil
          ? [
            .init(
              .note, "client-certificate-required", cause: "the server requires a client certificate",
              evidence: "without a certificate: \(outcome(of: .none)?.description ?? "")",
              fix: "give one with --cert and --key")
          ] : []
      }
      return [
        .init(
          .problem, "accepts-any-client", cause: "the server requires a client certificate but accepts any",
          evidence: "a self-signed certificate, made for this check, was \(foreign)",
          fix: "give the server the CA whose clients it may accept, and let it verify them")
      ]
    case .unknown:
      return []
    }
  }

  private var ownCertificate: PresentedCertificate? {
    attempts.first { $0.credential == .own }?.certificates.first
  }

  private func ownCertificateFindings(at now: Date) -> [HandshakeDiagnosis] {
    guard let attempt = attempts.first(where: { $0.credential == .own }), let certificate = attempt.certificates.first,
      !attempt.outcome.isAccepted
    else { return [] }
    guard case .refused(let refusal) = attempt.outcome else {
      return [
        .init(
          .problem, "own-attempt-failed", cause: "the attempt with our certificate came to nothing",
          evidence: attempt.outcome.description)
      ]
    }
    let (cause, fix) = explain(refusal, certificate, attempt.certificates, at: now)
    return [
      .init(
        .problem, "own-certificate-refused", cause: "the server refused our certificate: \(cause)",
        evidence: refusal.description, fix: fix)
    ]
  }

  /// What is visibly wrong with the certificate comes before what the alert says: alerts are often vague.
  private func explain(
    _ refusal: Refusal, _ certificate: PresentedCertificate, _ chain: [PresentedCertificate], at now: Date
  ) -> (cause: String, fix: String?) {
    if let facts = certificate.facts {
      if facts.notAfter < now { return ("it expired \(facts.notAfter.timestamp)", "renew it") }
      if facts.notBefore > now { return ("it is not valid before \(facts.notBefore.timestamp)", "compare the clocks") }
      if facts.mayActAsClient == false {
        return ("its extendedKeyUsage lacks clientAuth", "reissue it with the profile node or client")
      }
      let issuers = Set(chain.compactMap(\.facts?.issuer))
      if case .requested(let request) = clientCertificateRequest, !request.authorities.isEmpty,
        issuers.isDisjoint(with: request.authorities)
      {
        return (
          "it is issued by \(facts.issuer), and the server asks for \(request.authorities.prefix(5).joined(separator: "; "))",
          "add the CA \(facts.issuer) to the server's client CA file, or use a certificate of a CA that it names"
        )
      }
    }
    return Self.explain(refusal.form, issuer: certificate.facts?.issuer ?? "its issuer")
  }

  private static func explain(_ form: Refusal.Form, issuer: String) -> (cause: String, fix: String?) {
    let addAuthority = "add the CA \(issuer) to the server's client CA file; present intermediates with the certificate"
    switch form {
    case .alert(.unknownCA): return ("the server doesn't trust its issuer \(issuer)", addAuthority)
    case .alert(.certificateRevoked): return ("it was revoked", "enrol the node again")
    case .alert(.certificateExpired): return ("the server says that it has expired", "compare the clocks")
    case .alert(.accessDenied): return ("it is valid, but its holder is not let in", "check the server's access rules")
    case .alert(.unsupportedCertificate):
      return ("it is of a kind or purpose that the server does not take", "reissue it with the profile node or client")
    case .alert(let alert): return (alert.meaning, alert.concernsCertificate ? addAuthority : nil)
    case .http(_, let said):
      // What asks for our CA and refuses us all the same knows something of the certificate itself.
      return (said, "\(addAuthority); where it is there already, see whether the certificate was revoked")
    case .message(_, let said):
      return (said, "check that the name in the certificate is the one that the server expects")
    case .closed, .reset: return ("it ended the connection without a reason", "read the server's log")
    }
  }
}
