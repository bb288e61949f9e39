package import Credentials
import Enrolment
import Formats
import Foundation
import Ledger
import X509

extension LedgerAdministration {
  package func testPolicy(_ question: API.PolicyQuestion) async throws -> API.PolicyAnswer {
    let admission = try choice(question.admission, of: AdmissionKind.self, field: "admission") ?? .desk
    let grant = try setting.grant(
      question.request, profile: question.profile, lifetimeSeconds: question.lifetimeSeconds)
    // Both have to allow it; the way in is looked at first, as enrolment does.
    if let offer = setting.admission?.offer(grant, as: admission), case .deny = offer {
      return API.PolicyAnswer(offer, grant: grant)
    }
    return API.PolicyAnswer(setting.policy.decide(grant, as: admission), grant: grant)
  }

  package func status(warnSeconds: Int, criticalSeconds: Int) async throws -> API.Status {
    let now = clock()
    let summary = try await ledger.summary(
      ExpiryThresholds(
        now: now, warning: now + TimeInterval(warnSeconds), critical: now + TimeInterval(criticalSeconds)))
    let waiting = try await ledger.pendingRequests(.waiting, name: nil, at: now).count
    let services = try await ledger.services().prefix(20)
    return API.Status(
      time: rfc3339(now), certificates: API.Counts(summary), nextExpiry: summary.nextExpiry.map(rfc3339),
      waitingRequests: waiting, issuers: try issuers(),
      services: services.map { API.Service(url: $0.url, startedAt: rfc3339($0.startedAt)) })
  }

  package func authority() async throws -> API.Authority {
    API.Authority(
      issuers: try issuers(), rootHash: try rootHash().hexadecimal,
      roots: try setting.roots.map { PEM.encode("CERTIFICATE", try $0.derBytes()) }.joined())
  }

  private func issuers() throws -> [API.Issuer] {
    try setting.issuers.enumerated().map { index, issuer in
      let certificate = issuer.certificate
      return API.Issuer(
        number: issuer.number, signs: index == setting.issuers.count - 1, subject: "\(certificate.subject)",
        issuer: "\(certificate.issuer)", serial: certificate.serialNumber.hex,
        sha256: try Fingerprint(certificate).description, key: certificate.publicKey.label,
        notBefore: rfc3339(certificate.notValidBefore), notAfter: rfc3339(certificate.notValidAfter))
    }
  }
}

extension LedgerAdministration.Setting {
  /// What a request in PEM would be granted, as far as it is said; the rest is as usual here.
  /// - Throws: ``AdministrationError/invalid(field:reason:)``; what a request that can't be read or verified throws.
  func grant(_ pem: String, profile: String?, lifetimeSeconds: Int?) throws -> Grant {
    let profile = try choice(profile, of: Profile.self, field: "profile") ?? self.profile
    guard let lifetimeSeconds else {
      return Grant(try Self.request(pem), profile: profile, lifetime: lifetime)
    }
    guard (1...100 * 31_536_000).contains(lifetimeSeconds) else {
      throw AdministrationError.invalid(field: "lifetimeSeconds", reason: "it must be from a second to 100 years")
    }
    return Grant(try Self.request(pem), profile: profile, lifetime: .seconds(lifetimeSeconds))
  }

  private static func request(_ pem: String) throws -> VerifiedRequest {
    let blocks = PEM.scan(Array(pem.utf8)).blocks
    guard
      let block = blocks.first(where: { ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains($0.label) })
    else { throw AdministrationError.invalid(field: "request", reason: "it holds no CERTIFICATE REQUEST in PEM") }
    return try VerifiedRequest(CertificateRequest(der: block.der))
  }
}

private func choice<Choice: RawRepresentable<String>>(
  _ text: String?, of type: Choice.Type, field: String
) throws -> Choice? {
  guard let text else { return nil }
  guard let choice = Choice(rawValue: text) else {
    throw AdministrationError.invalid(field: field, reason: "\"\(text.prefix(40))\" is not one that is known")
  }
  return choice
}

extension API.PolicyAnswer {
  package init(_ decision: Decision, grant: Credentials.Grant) {
    switch decision {
    case .allow(let rule): (allowed, self.rule, reason) = (true, rule, nil)
    case .deny(let rule, let why): (allowed, self.rule, reason) = (false, rule, why)
    }
    self.grant = Grant(
      subject: "\(grant.subject)", names: grant.names.map(\.description), profile: grant.profile.rawValue,
      lifetimeSeconds: Int(grant.lifetime.components.seconds), key: grant.request.publicKey.label, left: grant.omitted)
  }
}
