import Credentials
import Formats
import X509

// What a node's configuration and the orchestrator's say of each other.
extension BacalhauLint {
  func pairFindings(_ node: Node, _ orchestrator: Node) -> [Finding] {
    let found = orchestrator.configuration
    let servesTLS = found.text("Orchestrator", "TLS", "ServerCert") != nil
    var findings = sharedTokenFindings(node, orchestrator) + dialFindings(node, orchestrator)
    if servesTLS, found.text("Orchestrator", "TLS", "CACert") != nil,
      node.configuration.text("Compute", "TLS", "CACert") == nil
    {
      findings.append(
        Finding(
          Problem(
            "ca-missing", what: "Compute.TLS has no CACert, and the orchestrator has a CA of its own",
            why: "the node refuses the orchestrator's certificate, and would go on unencrypted were TLS taken away",
            fix: "set Compute.TLS.CACert to the CA's certificate"),
          file: node.file.path, line: node.configuration.entry(["Compute"])?.place.line))
    }
    if !found.supportsReverseProxy { return findings + proxyFindings(node) }
    if !servesTLS, !node.configuration.requiresTLS {
      findings.append(
        Finding(
          Problem(
            "require-tls-missing", what: "the orchestrator is behind a proxy, and Compute.TLS has no RequireTLS",
            why: "the node waits for the server to speak first, and the proxy waits for the node's TLS handshake",
            fix: "set Compute.TLS.RequireTLS to true, unless this node dials the orchestrator past the proxy"),
          .warning, file: node.file.path, line: node.configuration.entry(["Compute"])?.place.line))
    }
    return findings
  }

  /// `RequireTLS` where no orchestrator is known to stand behind a proxy.
  func proxyFindings(_ node: Node) -> [Finding] {
    guard node.configuration.requiresTLS, !orchestrators.contains(where: \.configuration.supportsReverseProxy) else {
      return []
    }
    return [
      Finding(
        Problem(
          "require-tls-without-proxy",
          what: "Compute.TLS.RequireTLS is set, and no orchestrator has SupportReverseProxy",
          why: "the node begins with the TLS handshake, and Bacalhau's own server begins in the clear: they never "
            + "connect (inferred from Bacalhau's source)",
          fix: "remove RequireTLS: CACert alone makes the node insist on TLS"),
        orchestrators.isEmpty ? .warning : .error, file: node.file.path,
        line: node.configuration.value(["Compute", "TLS", "RequireTLS"])?.place.line)
    ]
  }

  private func sharedTokenFindings(_ node: Node, _ orchestrator: Node) -> [Finding] {
    guard let expected = orchestrator.configuration.text("Orchestrator", "Auth", "Token")?.value,
      !BacalhauToken.isHash(expected)
    else { return [] }
    let given = node.configuration.text("Compute", "Auth", "Token")
    let isInAddress = node.configuration.addresses.contains { $0.value.userInfo != nil }
    guard given?.value != expected, given != nil || !isInAddress else { return [] }
    return [
      Finding(
        Problem(
          "tokens-differ",
          what: given == nil
            ? "Compute.Auth has no Token, and the orchestrator asks for one"
            : "Compute.Auth.Token is not the orchestrator's",
          why: "the orchestrator refuses the node", fix: "write the token of \(orchestrator.file.path) here too"),
        file: node.file.path, line: given?.place.line ?? node.configuration.entry(["Compute"])?.place.line)
    ]
  }

  /// Whether the node accepts the certificate: the host that it dials, and the CA that it has.
  private func dialFindings(_ node: Node, _ orchestrator: Node) -> [Finding] {
    guard let (file, chain) = serverChain(orchestrator) else { return [] }
    let names = node.configuration.addresses.flatMap { address in
      BacalhauIdentityRule(hosts: [address.value.host]).nameProblems(chain).map { problem in
        var problem = problem
        problem.what = "\(file.path): \(problem.what)"
        return Finding(problem, file: node.file.path, line: address.place.line)
      }
    }
    let trust = authorities(node, "Compute")
    let chains = BacalhauIdentityRule.trustProblems(chain, trust, at: context.now).map { problem in
      var problem = problem
      problem.what = "\(file.path): \(problem.what)"
      return Finding(
        problem, file: node.file.path, line: node.configuration.value(["Compute", "TLS", "CACert"])?.place.line)
    }
    return names + chains
  }
}
