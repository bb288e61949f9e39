import Credentials
import Formats
import Foundation
import Orchestrator
import X509

/// What a running orchestrator signed.
struct RemotelySigned {
  let chain: [Certificate]
  let leaf: Certificate
  let detail: API.CertificateDetail
  /// As its policy granted it.
  let grant: Grant

  var rule: String { detail.rule ?? "" }
  var pem: [UInt8] { get throws { try CertificateFile.pem(chain) } }

  func facts(files: [String]) throws -> IssuedFacts {
    IssuedFacts(
      leaf, fingerprint: try Fingerprint(leaf), names: detail.certificate.names, profile: detail.certificate.profile,
      files: files)
  }
}

extension RemoteAdministration {
  /// Has a request signed, and looks at what comes back. The key stays here.
  /// - Parameters:
  ///   - profile: the orchestrator's usual one unless given.
  ///   - lifetime: likewise.
  func sign(_ request: VerifiedRequest, profile: Profile?, lifetime: Duration?) async throws -> RemotelySigned {
    let detail = try await sign(
      API.SigningWish(
        request: try request.pem, profile: profile?.rawValue,
        lifetimeSeconds: (lifetime?.components.seconds).map { Int($0) }))
    guard let answer = detail.pem else { throw Self.incomprehensible }
    let chain = try CertificateFile.parse(Array(answer.utf8), path: "the orchestrator's answer")
    guard let leaf = chain.first, leaf.publicKey == request.publicKey,
      let granted = Profile(rawValue: detail.certificate.profile)
    else { throw Self.incomprehensible }
    return RemotelySigned(
      chain: chain, leaf: leaf, detail: detail,
      grant: Grant(request, profile: granted, lifetime: lifetime ?? leaf.lifetime))
  }
}

extension VerifiedRequest {
  /// As it goes over the network.
  var pem: String { get throws { PEM.encode("CERTIFICATE REQUEST", try signed.derBytes()) } }
}

extension Certificate {
  /// How long it was asked for: what is issued begins five minutes back.
  fileprivate var lifetime: Duration { .seconds(Int64(notValidAfter.timeIntervalSince(notValidBefore)) - 300) }
}
