import Credentials
import Formats
import X509

// What an orchestrator's configuration needs to serve TLS at all.
extension BacalhauLint {
  func orchestratorFindings(_ node: Node) -> [Finding] {
    let found = node.configuration
    var problems: [(Problem, Finding.Severity, YAMLTree.Place?)] = []
    let certificate = found.text("Orchestrator", "TLS", "ServerCert")
    let key = found.text("Orchestrator", "TLS", "ServerKey")
    if (certificate == nil) != (key == nil) {
      let (there, missing) = certificate == nil ? ("ServerKey", "ServerCert") : ("ServerCert", "ServerKey")
      problems.append(
        (
          Problem(
            "incomplete-pair", what: "Orchestrator.TLS has \(there) and no \(missing)",
            why: "Bacalhau doesn't start with one of the two", fix: "set Orchestrator.TLS.\(missing)"), .error,
          (certificate ?? key)?.place
        ))
    }
    if let certificate, found.text("Orchestrator", "TLS", "CACert") == nil {
      problems.append(
        (
          Problem(
            "own-ca-missing", what: "Orchestrator.TLS has no CACert",
            why: "the orchestrator dials itself, and trusts the system's CAs alone where it names none",
            fix: "set Orchestrator.TLS.CACert to the CA that signed ServerCert"), .warning, certificate.place
        ))
    }
    if let certificate, found.cannotReachItself, !coversWildcard(node) {
      problems.append(
        (
          Problem(
            "own-address-missing",
            what: "the orchestrator listens on port \(found.port), and nothing tells its own client so",
            why: "the client dials port 4222, and then 0.0.0.0, which the certificate doesn't name "
              + "(inferred from Bacalhau's source)",
            fix: "set Compute.Orchestrators to [nats://127.0.0.1:\(found.port)] in this file"), .warning,
          found.value(["Orchestrator", "Port"])?.place ?? certificate.place
        ))
    }
    if let peers = found.value(["Orchestrator", "Cluster", "Peers"]), found.hasPeers, certificate != nil {
      problems.append(
        (
          Problem(
            "plain-cluster", what: "what orchestrators tell each other is not encrypted",
            why: "Orchestrator.TLS holds for nodes only, and Bacalhau has no TLS for Orchestrator.Cluster",
            fix: "keep the cluster's port within a network that you trust, or a VPN"), .warning, peers.place
        ))
    }
    if certificate != nil, found.text("Orchestrator", "Auth", "Token") == nil {
      problems.append(
        (
          Problem(
            "no-token", what: "the orchestrator asks nodes for no token",
            why: "Bacalhau asks for no certificate either: whoever reaches the port can join as a node",
            fix: "set Orchestrator.Auth.Token, and Compute.Auth.Token on all nodes"), .warning, certificate?.place
        ))
    }
    return problems.map { Finding($0.0, $0.1, file: node.file.path, line: $0.2?.line) }
  }

  private func coversWildcard(_ node: Node) -> Bool {
    guard let any = SubjectName(host: "0.0.0.0"), let leaf = serverChain(node)?.chain.first else { return false }
    return BacalhauIdentityRule.isNamed(any, by: BacalhauIdentityRule.names(of: leaf))
  }

  /// The certificates of the file that `ServerCert` names, where it is among those that are linted.
  func serverChain(_ node: Node) -> (file: LintFile, chain: [Certificate])? {
    guard let path = node.configuration.text("Orchestrator", "TLS", "ServerCert")?.value,
      let file = file(named: path, beside: node), !file.certificates.isEmpty
    else { return nil }
    return (file, file.certificates)
  }

  /// The server's certificate by the rules of those who dial it; what nodes dial is looked at with their files.
  func certificateFindings(_ node: Node) -> [Finding] {
    guard let (file, chain) = serverChain(node) else { return [] }
    let found = node.configuration
    // Where it listens on one address, it dials itself there; else on the loopback.
    let own = [found.listenHost ?? SubjectName(host: "127.0.0.1"), found.advertisedHost].compactMap { $0 }
    let rule = BacalhauIdentityRule(hosts: found.addresses.map(\.value.host) + own)
    let trust = authorities(node, "Orchestrator")
    return rule.problems(chain: chain, trust: trust, at: context.now).map { Finding($0, file: file.path) }
  }

  /// The certificates of the CA file that a configuration names.
  func authorities(_ node: Node, _ part: String) -> [Certificate] {
    guard let path = node.configuration.text(part, "TLS", "CACert")?.value else { return [] }
    return file(named: path, beside: node)?.certificates ?? []
  }
}
