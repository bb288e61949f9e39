import Formats

/// A values file of an operator's.
enum SubstraValuesFile {
  /// - Returns: nil where no file is declared, or it is empty.
  static func tree(_ reference: InputReference?, _ files: InputFiles) throws(FleetError) -> YAMLTree? {
    guard let reference else { return nil }
    let bytes = try files[reference]
    let tree: YAMLTree?
    do {
      tree = try YAMLTree.document(bytes)
    } catch {
      throw FleetError(
        "it is not YAML: \(error.problem)", advice: "`helm lint` reads it as Helm does", path: reference.path,
        at: error.place)
    }
    guard let tree else { return nil }
    guard tree.entries != nil else {
      throw FleetError(
        "a mapping is expected here, and there is \(tree.kind)", advice: "a values file begins with keys",
        path: reference.path, at: tree.place)
    }
    return tree
  }
}

/// What matters to us in the orchestrator's values.
struct SubstraOrchestratorValues: Sendable {
  let tree: YAMLTree?

  init(_ tree: YAMLTree?) { self.tree = tree }

  var nameOverride: String? { text(tree?["nameOverride"]) }
  var fullnameOverride: String? { text(tree?.at("orchestrator", "fullnameOverride")) }
  var ingressHost: String? { text(tree?.at("ingress", "hostname")) }
  var verifiesMSPID: Bool? { tree?.at("orchestrator", "verifyClientMSPID")?.flag }
  var hasCertManager: Bool { tree?.at("orchestrator", "tls", "createCertificates", "enabled")?.flag == true }

  /// The objects that it names for each client, leniently read: one name for a list of one.
  var clientCACerts: [(key: String, objects: [String])] {
    (tree?.at("orchestrator", "tls", "mtls", "clientCACerts")?.entries ?? []).map { entry in
      (entry.key, (entry.value.items ?? [entry.value]).compactMap(\.text))
    }
  }

  // Helm takes an empty text for none.
  private func text(_ value: YAMLTree?) -> String? { value?.text.flatMap { $0.isEmpty ? nil : $0 } }
}

/// What matters to us in a backend's values.
struct SubstraBackendValues: Sendable {
  let tree: YAMLTree?

  init(_ tree: YAMLTree?) { self.tree = tree }

  var nameOverride: String? { tree?["nameOverride"]?.text.flatMap { $0.isEmpty ? nil : $0 } }
  var mspID: String? { tree?.at("orchestrator", "mspID")?.text }
  var host: String? { tree?.at("orchestrator", "host")?.text }

  /// Whether a part of the chart is turned off, such as `worker.events`.
  func isOff(_ part: String) -> Bool {
    let node = part.split(separator: ".").reduce(tree) { node, key in node?[String(key)] }
    return node?["enabled"]?.flag == false
  }
}
