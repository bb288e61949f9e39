import Credentials
import Formats
import X509

/// What is wrong with the files of a declared system: who they belong to is known by the fleet file.
struct AgentFilesLint {
  private let system: Connectware
  private let context: LintContext
  /// Of whatever agents. A few tell who signs.
  private let leaves: [Certificate]

  init(_ system: Connectware, context: LintContext) {
    self.system = system
    self.context = context
    let chains =
      context.files.lazy.map(\.certificates) + context.objects.map { $0.certificates(AgentFolder.certificate) }
    leaves = Array(chains.compactMap(\.first).filter { $0.authorityProblem != nil }.prefix(3))
  }

  func findings() -> [Finding] {
    // Many agents, many files: each is looked up by its path.
    let files = Dictionary(context.files.map { ($0.path, $0) }) { first, _ in first }
    return authorityFindings(files) + system.release.agents.flatMap { agentFindings($0, files) }
  }

  /// A bundle whose first certificate isn't the one that signs: `openssl -CA` takes the first one for the issuer.
  private func authorityFindings(_ files: [String: LintFile]) -> [Finding] {
    guard let path = system.authorityCertificate?.path, let file = files[path], let first = file.certificates.first,
      let signing = file.certificates.dropFirst().first(where: hasSigned), !hasSigned(first)
    else { return [] }
    let name = signing.subject.commonName ?? "\(signing.subject)"
    return [
      Finding(
        Problem(
          "connectware-ca-order", what: "the first certificate of \(path) is not \"\(name)\", which signs the agents'",
          why: "openssl and its like take the first certificate for the issuer, and make certificates that nobody can "
            + "verify",
          fix: "put the certificate that signs first, and append others after it"), .warning, file: file.path, line: 1)
    ]
  }

  /// Whether an authority has signed any of the certificates at hand.
  private func hasSigned(_ authority: Certificate) -> Bool {
    leaves.contains { ConnectwareIdentityRule.issued(authority, $0) }
  }

  private func agentFindings(_ agent: Agent, _ files: [String: LintFile]) -> [Finding] {
    guard case .given(let certificate, _) = agent.source, let file = files[certificate.path] else { return [] }
    let rule = ConnectwareIdentityRule(agent: agent.name, trust: [])
    let chain = file.certificates
    guard let leaf = chain.first else { return [] }
    let problems = [rule.nameProblem(leaf), rule.usageProblem(leaf)]
    return problems.compactMap { $0 }.map { Finding($0, file: file.path, line: 1) }
  }
}
