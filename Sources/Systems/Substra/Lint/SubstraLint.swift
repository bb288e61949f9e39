import Formats

extension Substra {
  package static func lint(_ context: LintContext, declared: Substra?) -> [Finding] {
    var lint = SubstraLint(context, declared: declared)
    lint.run()
    return lint.findings
  }
}

/// The rules for files of Substra, whoever wrote them.
struct SubstraLint {
  let context: LintContext
  let declared: Substra?
  let orchestrators: [OrchestratorFile]
  let backends: [BackendFile]
  private(set) var findings: [Finding] = []

  init(_ context: LintContext, declared: Substra?) {
    self.context = context
    self.declared = declared
    let values = context.files.flatMap { file in file.documents.map { (path: file.path, tree: $0) } }
    orchestrators = values.filter { Self.isOrchestrators($0, declared) }.map {
      OrchestratorFile($0.path, $0.tree, declared)
    }
    backends = values.filter { Self.isBackends($0, declared) }.map { BackendFile($0.path, $0.tree, declared) }
  }

  mutating func run() {
    for file in orchestrators { checkOrchestrator(file) }
    for file in backends { checkBackend(file) }
    checkDeclaredFiles()
  }

  mutating func report(_ problem: Problem, _ severity: Finding.Severity = .error, _ file: String, _ line: Int?) {
    let finding = Finding(problem, severity, file: file, line: line)
    if !findings.contains(finding) { findings.append(finding) }
  }

  /// The MSP IDs that the files and the fleet file name.
  var mspIDs: [String] {
    let all =
      backends.compactMap(\.mspID) + (declared?.backends.compactMap(\.org) ?? [])
      + (declared?.orchestrator.clientCAs.map(\.mspID) ?? [])
    return Set(all).sorted()
  }

  /// The object of a name that a values file means: in the namespace that is declared, else beside the file; nil where
  /// it isn't among the files, or can't be told from others.
  /// - Parameter isAlone: whether there is no other values file of this kind, whose object it could be.
  func object(_ name: String, namespace: String?, beside path: String, isAlone: Bool) -> ManifestObject? {
    var found = context.objects.filter { $0.name == name }
    if let namespace, found.contains(where: { $0.namespace == namespace }) {
      found = found.filter { $0.namespace == namespace }
    } else if found.count > 1 || !isAlone {
      found = found.filter { Self.folder($0.file) == Self.folder(path) }
    }
    return found.count == 1 ? found.first : nil
  }

  static func folder(_ path: String) -> Substring { path.lastIndex(of: "/").map { path[..<$0] } ?? "" }
}

// MARK: - Recognition

extension SubstraLint {
  /// The values of the orchestrator's chart.
  struct OrchestratorFile {
    let path: String
    let tree: YAMLTree
    let declared: Substra.Orchestrator?

    init(_ path: String, _ tree: YAMLTree, _ declared: Substra?) {
      self.path = path
      self.tree = tree
      self.declared = declared?.orchestrator
    }

    var values: SubstraOrchestratorValues { SubstraOrchestratorValues(tree) }
    var section: YAMLTree? { tree["orchestrator"] }
    var tls: YAMLTree? { section?["tls"] }
    var hasMutualTLS: Bool { tls?.at("mtls", "enabled")?.flag == true }
    var clientCACerts: YAMLTree? { tls?.at("mtls", "clientCACerts") }
  }

  /// The values of a backend's chart.
  struct BackendFile {
    let path: String
    let tree: YAMLTree
    let declared: Substra.Backend?

    init(_ path: String, _ tree: YAMLTree, _ declared: Substra?) {
      self.path = path
      self.tree = tree
      let mspID = SubstraBackendValues(tree).mspID
      self.declared =
        declared?.backends.first { $0.values?.path == path }
        ?? declared?.backends.first { $0.org != nil && $0.org == mspID }
    }

    var values: SubstraBackendValues { SubstraBackendValues(tree) }
    var mspID: String? { values.mspID ?? declared?.org }
    var section: YAMLTree? { tree["orchestrator"] }
    var tls: YAMLTree? { section?["tls"] }
  }

  private static func isOrchestrators(_ file: (path: String, tree: YAMLTree), _ declared: Substra?) -> Bool {
    guard let section = file.tree["orchestrator"], section.entries != nil, file.tree["kind"] == nil else {
      return false
    }
    if let declared, declared.orchestrator.values?.path == file.path { return true }
    return section["verifyClientMSPID"] != nil || section.at("tls", "secrets") != nil
      || section.at("tls", "createCertificates") != nil || section.at("tls", "mtls", "clientCACerts") != nil
  }

  private static func isBackends(_ file: (path: String, tree: YAMLTree), _ declared: Substra?) -> Bool {
    guard let section = file.tree["orchestrator"], section.entries != nil, file.tree["kind"] == nil else {
      return false
    }
    if let declared, declared.backends.contains(where: { $0.values?.path == file.path }) { return true }
    return section["mspID"] != nil || section.at("tls", "mtls", "clientCertificate") != nil
  }
}
