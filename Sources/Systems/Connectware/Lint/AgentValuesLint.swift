import Formats
import SwiftASN1
import X509

/// What is wrong with a values file of the agent chart.
struct AgentValuesLint {
  private let values: AgentValuesFile
  private let file: String
  private let objects: ConnectwareObjects

  private typealias Key = AgentValuesKey

  init(_ values: AgentValuesFile, file: String, objects: ConnectwareObjects) {
    self.values = values
    self.file = file
    self.objects = objects
  }

  func findings() -> [Finding] {
    var findings = AgentValuesSpelling.misspellings(in: values.root).map {
      Finding(.connectwareSpelling($0.path, known: $0.known), file: file, line: $0.line)
    }
    findings += collisions()
    if let chain = values.defaults?.at(Key.mTLS, Key.caChain) { findings += chainFindings(chain) }
    for agent in values.agents { findings += self.findings(of: agent) }
    return findings
  }

  // MARK: Names

  private func collisions() -> [Finding] {
    var seen: [String: AgentValuesFile.Agent] = [:]
    return values.agents.compactMap { agent in
      guard let other = seen.updateValue(agent, forKey: AgentObjectNames.mangled(agent.name)) else { return nil }
      let what =
        agent.name == other.name
        ? "the agent \"\(agent.name)\" stands in line \(other.line) already"
        : "the agents \"\(other.name)\" (line \(other.line)) and \"\(agent.name)\" have the same names of objects"
      return finding(
        "connectware-name-collision", line: agent.line, what: what,
        why: "in the names of StatefulSets and Secrets a dot becomes a hyphen, and two agents would share theirs",
        fix: "rename one of them")
    }
  }

  // MARK: An agent

  private func findings(of agent: AgentValuesFile.Agent) -> [Finding] {
    let mTLS = agent.tree[Key.mTLS]
    let shared = values.defaults?[Key.mTLS]
    let pair = mTLS?[Key.keyPair]
    let isEnabled = (mTLS?[Key.enabled] ?? shared?[Key.enabled])?.flag == true
    var findings: [Finding] = []
    if let chain = mTLS?[Key.caChain] { findings += chainFindings(chain) }
    if let pair { findings += pairFindings(pair, of: agent) }
    if isEnabled, !(mTLS?[Key.caChain]).saysAnything, !(shared?[Key.caChain]).saysAnything {
      findings.append(
        finding(
          "connectware-no-ca-chain", .warning, line: agent.line,
          what: "mTLS is on for \"\(agent.name)\", and nothing says where its CA certificates are",
          why: "the chart then takes a ConfigMap of a name of its own, which its documentation gives in two ways: with "
            + "the agent's name in it, and without",
          fix: "set caChain.existingConfigMap, or caChain.cert"))
    }
    if !isEnabled, pair.saysAnything {
      findings.append(
        finding(
          "connectware-mtls-off", .warning, line: agent.line,
          what: "\"\(agent.name)\" has a key pair, and mTLS is not switched on for it",
          why: "without mTLS.enabled: true the agent logs in with a password, and the key pair is not used",
          fix: "set mTLS.enabled: true, for the agent or in \(Key.defaults)"))
    }
    return findings
  }

  private func pairFindings(_ pair: YAMLTree, of agent: AgentValuesFile.Agent) -> [Finding] {
    let certificate = pair[Key.certificate]?.text
    let key = pair[Key.key]?.text
    let secret = pair[Key.existingSecret]
    var findings: [Finding] = []
    if secret?.text != nil, certificate != nil || key != nil {
      findings.append(
        finding(
          "connectware-two-key-pairs", line: pair.place.line,
          what: "\"\(agent.name)\" has both a Secret and a key pair in the values",
          why: "which of them the agent gets is the chart's choice, and the other one grows stale unseen",
          fix: "remove existingSecret, or cert and key"))
    } else if (certificate == nil) != (key == nil) {
      let (present, missing) = key == nil ? (Key.certificate, Key.key) : (Key.key, Key.certificate)
      findings.append(
        finding(
          "connectware-incomplete-key-pair", line: pair.place.line,
          what: "the key pair of \"\(agent.name)\" has \(present) and no \(missing)",
          why: "an agent needs both to prove who it is", fix: "add \(missing), or name a Secret"))
    }
    if let certificate, let line = pair[Key.certificate]?.place.line {
      let chain = PEM.certificates(in: certificate)
      findings += credentialFindings(chain, of: agent.name, file: file, line: line)
    }
    if let secret, let name = secret.text { findings += secretFindings(name, at: secret.place.line, of: agent.name) }
    return findings
  }

  private func secretFindings(_ name: String, at line: Int, of agent: String) -> [Finding] {
    if let problem = nameFinding("Secret", name, line: line) { return [problem] }
    guard let object = objects.secrets[name] else { return [] }
    var findings: [Finding] = []
    if object.type != KubernetesSecret.SecretType.tls.rawValue {
      findings.append(
        Finding(
          Problem(
            "connectware-secret-type", what: "the Secret \(name) of \"\(agent)\" is of type \(object.type)",
            why: "the agent chart asks for a Secret of type kubernetes.io/tls",
            fix: "create it with kubectl create secret tls; its type can't be changed, so delete the old one first"),
          file: object.file, line: object.line))
    }
    for key in [AgentFolder.certificate, AgentFolder.key] where object.data[key] == nil {
      findings.append(
        Finding(
          Problem(
            "connectware-secret-key", what: "the Secret \(name) of \"\(agent)\" has no \(key)",
            why: "the agent reads tls.crt and tls.key, and nothing else", fix: "put it in as \(key)"),
          file: object.file, line: object.line))
    }
    return findings
      + credentialFindings(
        object.certificates(AgentFolder.certificate), of: agent, file: object.file, line: object.line)
  }

  private func credentialFindings(
    _ chain: [Certificate], of agent: String, file: String, line: Int
  ) -> [Finding] {
    guard let leaf = chain.first else { return [] }
    let rule = ConnectwareIdentityRule(agent: agent, trust: [])
    let problems =
      [rule.nameProblem(leaf), rule.usageProblem(leaf)] + chain.dropFirst().map(ConnectwareIdentityRule.partnerProblem)
    return problems.compactMap { $0 }.map { Finding($0, file: file, line: line) }
  }

  // MARK: What the agents trust

  private func chainFindings(_ chain: YAMLTree) -> [Finding] {
    let certificate = chain[Key.certificate]
    let map = chain[Key.existingConfigMap]
    var findings: [Finding] = []
    if certificate?.text != nil, map?.text != nil {
      findings.append(
        finding(
          "connectware-two-ca-chains", line: chain.place.line,
          what: "caChain has both a ConfigMap and certificates in the values",
          why: "which of them the agents get is the chart's choice, and the other one grows stale unseen",
          fix: "remove existingConfigMap, or cert"))
    }
    if let certificate, let text = certificate.text {
      findings += partnerFindings(PEM.certificates(in: text), file: file, line: certificate.place.line)
    }
    if let map, let name = map.text { findings += mapFindings(name, at: map.place.line) }
    return findings
  }

  private func mapFindings(_ name: String, at line: Int) -> [Finding] {
    if let problem = nameFinding("ConfigMap", name, line: line) { return [problem] }
    guard let object = objects.configMaps[name] else { return [] }
    guard object.data[ConnectwareDelivery.caFile] != nil else {
      let keys = object.data.keys.sorted().joined(separator: ", ")
      return [
        Finding(
          Problem(
            "connectware-configmap-key",
            what: "the ConfigMap \(name) has no \(ConnectwareDelivery.caFile)\(keys.isEmpty ? "" : ", but \(keys)")",
            why: "the agents read that file and no other",
            fix: "put the CA certificates in as \(ConnectwareDelivery.caFile)"),
          file: object.file, line: object.line)
      ]
    }
    return partnerFindings(object.certificates(ConnectwareDelivery.caFile), file: object.file, line: object.line)
  }

  private func partnerFindings(_ bundle: [Certificate], file: String, line: Int) -> [Finding] {
    bundle.compactMap(ConnectwareIdentityRule.partnerProblem).map { Finding($0, file: file, line: line) }
  }

  private func nameFinding(_ kind: String, _ name: String, line: Int) -> Finding? {
    guard let problem = KubernetesName.problem(of: name, limit: 253) else { return nil }
    return finding(
      "connectware-object-name", line: line, what: "no \(kind) can be named \"\(name.prefix(300))\": \(problem)",
      why: "the API server refuses such a name, so the agent's pod never finds what it is to mount",
      fix: "name it in lower-case letters, digits, '-' and '.', within 253 characters")
  }

  private func finding(
    _ code: String, _ severity: Finding.Severity = .error, line: Int, what: String, why: String, fix: String
  ) -> Finding {
    Finding(Problem(code, what: what, why: why, fix: fix), severity, file: file, line: line)
  }
}

/// The objects in all files that are linted together, by name.
struct ConnectwareObjects {
  let secrets: [String: ManifestObject]
  let configMaps: [String: ManifestObject]

  init(_ context: LintContext) {
    let objects = context.objects
    func named(_ kind: ManifestObject.Kind) -> [String: ManifestObject] {
      Dictionary(objects.filter { $0.kind == kind }.map { ($0.name, $0) }) { first, _ in first }
    }
    secrets = named(.secret)
    configMaps = named(.configMap)
  }
}

extension YAMLTree? {
  /// Whether a mapping has a key with a value.
  fileprivate var saysAnything: Bool { self?.entries?.contains { !$0.value.isNull } ?? false }
}

extension PEM {
  fileprivate static func certificates(in text: String) -> [Certificate] {
    scan(Array(text.utf8)).blocks.filter(isCertificate).compactMap { try? Certificate(derEncoded: $0.der) }
  }
}
