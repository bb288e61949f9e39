import Credentials
import Formats
import X509

// What an orchestrator's configuration needs to serve TLS at all.
extension BacalhauLint {
  func orchestratorFindings(_ node: Node) -> [Finding] {
    let certificate = node.configuration.text("Orchestrator", "TLS", "ServerCert")
    return [
      incompletePair(node), certificate.flatMap { missingOwnCA(node, $0.place) },
      certificate.flatMap { missingOwnAddress(node, $0.place) }, certificate.flatMap { _ in plainCluster(node) },
      certificate.flatMap { missingToken(node, $0.place) },
    ].compactMap { $0 }
  }

  private func incompletePair(_ node: Node) -> Finding? {
    let certificate = node.configuration.text("Orchestrator", "TLS", "ServerCert")
    let key = node.configuration.text("Orchestrator", "TLS", "ServerKey")
    guard (certificate == nil) != (key == nil) else { return nil }
    let (there, missing) = certificate == nil ? ("ServerKey", "ServerCert") : ("ServerCert", "ServerKey")
    return Finding(
      Problem(
        "incomplete-pair", what: "Orchestrator.TLS has \(there) and no \(missing)",
        why: "Bacalhau doesn't start with one of the two", fix: "set Orchestrator.TLS.\(missing)"),
      file: node.file.path, line: (certificate ?? key)?.place.line)
  }

  private func missingOwnCA(_ node: Node, _ place: YAMLTree.Place) -> Finding? {
    guard node.configuration.text("Orchestrator", "TLS", "CACert") == nil else { return nil }
    return Finding(
      Problem(
        "own-ca-missing", what: "Orchestrator.TLS has no CACert",
        why: "the orchestrator dials itself, and trusts the system's CAs alone where it names none",
        fix: "set Orchestrator.TLS.CACert to the CA that signed ServerCert"), .warning,
      file: node.file.path, line: place.line)
  }

  private func missingOwnAddress(_ node: Node, _ place: YAMLTree.Place) -> Finding? {
    let found = node.configuration
    guard found.cannotReachItself, !coversWildcard(node) else { return nil }
    return Finding(
      Problem(
        "own-address-missing",
        what: "the orchestrator listens on port \(found.port), and nothing tells its own client so",
        why: "the client dials port 4222, and then 0.0.0.0, which the certificate doesn't name "
          + "(inferred from Bacalhau's source)",
        fix: "set Compute.Orchestrators to [nats://127.0.0.1:\(found.port)] in this file"), .warning,
      file: node.file.path, line: (found.value(["Orchestrator", "Port"])?.place ?? place).line)
  }

  private func plainCluster(_ node: Node) -> Finding? {
    guard node.configuration.hasPeers else { return nil }
    return Finding(
      Problem(
        "plain-cluster", what: "what orchestrators tell each other is not encrypted",
        why: "Orchestrator.TLS holds for nodes only, and Bacalhau has no TLS for Orchestrator.Cluster",
        fix: "keep the cluster's port within a network that you trust, or a VPN"), .warning,
      file: node.file.path, line: node.configuration.value(["Orchestrator", "Cluster", "Peers"])?.place.line)
  }

  private func missingToken(_ node: Node, _ place: YAMLTree.Place) -> Finding? {
    guard node.configuration.text("Orchestrator", "Auth", "Token") == nil else { return nil }
    return Finding(
      Problem(
        "no-token", what: "the orchestrator asks nodes for no token",
        why: "Bacalhau asks for no certificate either: whoever reaches the port can join as a node",
        fix: "set Orchestrator.Auth.Token, and Compute.Auth.Token on all nodes"), .warning,
      file: node.file.path, line: place.line)
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
