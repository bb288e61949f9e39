import Formats
import X509

/// What is wrong with the files of a declared system: who they belong to is known by the fleet file.
struct AgentFilesLint {
  private let system: Connectware
  private let context: LintContext

  init(_ system: Connectware, context: LintContext) {
    self.system = system
    self.context = context
  }

  func findings() -> [Finding] {
    // Many agents, many files: each is looked up by its path.
    let files = Dictionary(context.files.map { ($0.path, $0) }) { first, _ in first }
    return authorityFindings(files) + system.release.agents.flatMap { agentFindings($0, files) }
  }

  /// A bundle whose first certificate signs nothing: `openssl -CA` takes the first one for the issuer.
  private func authorityFindings(_ files: [String: LintFile]) -> [Finding] {
    guard case .files(let certificate, let key)? = system.authority?.source, let file = files[certificate.path],
      let first = file.certificates.first, file.certificates.count > 1, let keyFile = files[key.path],
      let signing = try? KeyCoding.decode(keyFile.bytes, passphrase: nil, legacy: nil),
      first.publicKey != signing.publicKey,
      file.certificates.contains(where: { $0.publicKey == signing.publicKey })
    else { return [] }
    return [
      Finding(
        Problem(
          "connectware-ca-order", what: "the first certificate of \(certificate.path) is not that of \(key.path)",
          why: "tools that sign with this pair take the first certificate for the issuer, and certificates come out "
            + "that nobody can verify",
          fix: "put the certificate of the key first, and append others after it"), .warning, file: file.path, line: 1)
    ]
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
