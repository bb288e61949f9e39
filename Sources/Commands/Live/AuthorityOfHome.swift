import Credentials
import Foundation
import Ledger
import Logging
import Orchestrator
import X509

/// The authority of a home as the orchestrator uses it.
struct AuthorityOfHome: Sendable {
  let home: Home
  let passphrase: KeptPassphrase
  let logger: Logger

  /// Opens it, after making an intermediate where the home has only roots: a service doesn't sign with a root.
  /// - Throws: a ``CommandError`` without an authority; what opening a key throws.
  func prepare(_ configuration: OrchestratorConfiguration) async throws -> LiveAuthority {
    let stored = try home.authority()
    if try stored.signing().isRoot { try await makeIntermediate(stored) }
    let live = try open(configuration, known: nil, mayAsk: true)
    for root in try home.authority().issuers where root.isRoot && OutputFiles.exists(root.keyPath) {
      logger.warning(
        "the key of a root lies in this home",
        metadata: [
          "file": "\(root.keyPath)",
          "hint":
            "back it up with `countersign ca backup`, keep that offline, and remove the file: nothing here needs it",
        ])
    }
    return live
  }

  /// Opens the keys. Of issuers that are known already, the keys are kept.
  func open(
    _ configuration: OrchestratorConfiguration, known: LiveAuthority?, mayAsk: Bool
  ) throws -> LiveAuthority {
    let stored = try home.authority()
    let last = try stored.signing()
    guard !last.isRoot else {
      throw CommandError.usage(
        "issuer \(last.number) is a root, and the orchestrator signs with an intermediate",
        hint: "make one with `countersign ca intermediate --name NAME`")
    }
    var issuers: [LiveAuthority.Issuing] = []
    for issuer in stored.issuers where OutputFiles.exists(issuer.keyPath) || issuer.number == last.number {
      let same = known?.issuers.first { $0.issuer.certificate == issuer.certificate }
      let opened = try same?.issuer ?? unlock(issuer, mayAsk: mayAsk)
      issuers.append(
        .init(issuer: try opened.publishing(at: configuration.publicURL), reference: try issuer.reference()))
    }
    guard let signing = issuers.last else { throw CommandError.usage("there is no issuer in \(home.path)") }
    // The root of the issuer that signs comes last: its hash stands in join strings.
    let root = last.root ?? last.certificate
    return LiveAuthority(
      signing: signing, issuers: issuers, roots: stored.trustBundle.filter { $0 != root } + [root])
  }

  private func unlock(_ issuer: StoredIssuer, mayAsk: Bool) throws -> Issuer {
    let key = try KeyFile.read(issuer.keyPath) {
      try passphrase.text(for: "the CA key \(issuer.keyPath)", mayAsk: mayAsk)
    }
    return try Issuer(certificate: issuer.certificate, intermediates: issuer.intermediates, key: key)
  }

  /// As `ca intermediate` would: recorded, path length 0, encrypted with the root's passphrase where that is.
  private func makeIntermediate(_ authority: Authority) async throws {
    let root = try authority.signing()
    guard root.mayCertifyAuthorities else { throw IssuanceError.mayNotCertifyAuthorities }
    var secret: String?
    let rootKey = try KeyFile.read(root.keyPath) {
      let text = try passphrase.text(for: "the CA key \(root.keyPath)", mayAsk: true)
      secret = text
      return text
    }
    let plan = Self.plan(below: root, at: Date())
    let key = try KeyKind.p256.generate()
    let desk = Desk(
      issuer: try Issuer(certificate: root.certificate, intermediates: root.intermediates, key: rootKey),
      reference: try root.reference(), ledger: try home.ledger())
    let issued = try await desk.issueIntermediate(plan, key: key.publicKey)
    _ = try await AuthoritySetup(home: home).store(
      NewIssuer(
        number: root.number + 1, certificate: issued.certificate, chain: [root.certificate] + root.chain, key: key,
        origin: .intermediate), passphrase: secret)
    logger.notice(
      "intermediate made: the orchestrator doesn't sign with a root",
      metadata: ["name": "\(plan.name)", "issuer": "issuer-\(root.number + 1)"])
  }

  /// Three years, or as long as its root.
  private static func plan(below root: StoredIssuer, at now: Date) -> AuthorityPlan {
    let remaining = Duration.seconds(Int64(root.certificate.notValidAfter.timeIntervalSince(now)))
    let suffix = " Issuing CA \(root.number + 1)"
    // RFC 5280 bounds a common name at 64 characters.
    let name = (root.certificate.subject.commonName ?? "Countersign").prefix(64 - suffix.count)
    return AuthorityPlan(
      name: name + suffix, organization: root.certificate.subject.organization,
      lifetime: min(.seconds(3 * 365 * 86_400), remaining), maxPathLength: 0)
  }
}
