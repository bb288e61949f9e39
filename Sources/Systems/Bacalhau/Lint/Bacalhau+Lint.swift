extension Bacalhau {
  package static func lint(_ context: LintContext, declared: Bacalhau?) -> [Finding] {
    BacalhauLint(context, declared: declared).findings
  }
}

/// What is wrong with configurations of Bacalhau, and with the files that they name.
struct BacalhauLint {
  /// A configuration of one node.
  struct Node {
    var file: LintFile
    var configuration: BacalhauConfiguration
  }

  let context: LintContext
  let orchestrators: [Node]
  let computes: [Node]

  init(_ context: LintContext, declared: Bacalhau?) {
    self.context = context
    let orchestratorPath = declared?.orchestrator.config?.path
    let computePaths = Set((declared?.computes ?? []).compactMap(\.config?.path))
    var orchestrators: [Node] = []
    var computes: [Node] = []
    for file in context.files {
      guard let document = file.documents.first, file.documents.count == 1 else { continue }
      let configuration = BacalhauConfiguration(document)
      let isDeclared = file.path == orchestratorPath || computePaths.contains(file.path)
      guard isDeclared || configuration.isRecognised else { continue }
      let node = Node(file: file, configuration: configuration)
      if file.path == orchestratorPath || (!isDeclared && configuration.isOrchestrator) {
        orchestrators.append(node)
      } else {
        computes.append(node)
      }
    }
    self.orchestrators = orchestrators
    self.computes = computes
  }

  var findings: [Finding] {
    var findings = (orchestrators + computes).flatMap { keyFindings($0) + tokenFindings($0) + pathFindings($0) }
    findings += computes.flatMap { addressFindings($0) }
    findings += orchestrators.flatMap { orchestratorFindings($0) + certificateFindings($0) }
    // Which orchestrator a node belongs to can be told only where there is one.
    if orchestrators.count == 1, let orchestrator = orchestrators.first {
      findings += computes.flatMap { pairFindings($0, orchestrator) }
    } else {
      findings += computes.flatMap { proxyFindings($0) }
    }
    return findings
  }

  /// The file that a configuration means: on the machine it stands elsewhere, here beside the configuration.
  func file(named path: String, beside node: Node) -> LintFile? {
    let folder = node.file.path.lastIndex(of: "/").map { String(node.file.path[...$0]) } ?? ""
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    return context.file(folder + name) ?? context.file(path)
  }
}

extension BacalhauConfiguration {
  /// Whether a document that nobody declared is such a configuration: by keys that nothing else has. Values of other
  /// systems' charts have an `orchestrator` too.
  var isRecognised: Bool {
    guard value(["kind"]) == nil, value(["systems"]) == nil else { return false }
    let own = [
      ["Compute", "Orchestrators"], ["Compute", "Auth"], ["Compute", "TLS"], ["Orchestrator", "Auth"],
      ["Orchestrator", "TLS", "ServerCert"], ["Orchestrator", "TLS", "ServerKey"],
      ["Orchestrator", "SupportReverseProxy"], ["Orchestrator", "NodeManager"],
    ]
    if own.contains(where: { value($0) != nil }) { return true }
    return value(["NameProvider"]) != nil && (value(["Orchestrator"]) != nil || value(["Compute"]) != nil)
  }
}
