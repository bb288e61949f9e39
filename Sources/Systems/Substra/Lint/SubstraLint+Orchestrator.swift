import Credentials
import Formats
import X509

extension SubstraLint {
  mutating func checkOrchestrator(_ file: OrchestratorFile) {
    checkKeys(of: file.tls, ["createCertificates", "enabled", "secrets", "cacert", "mtls"], file.path)
    checkKeys(of: file.tls?["mtls"], ["enabled", "clientCACerts"], file.path)
    checkSwitches(file.tls, file.path)
    if let place = file.tls?.at("createCertificates", "enabled"), place.flag == true {
      report(.certManager, .warning, file.path, place.place.line)
    }
    if file.hasMutualTLS, file.section?["verifyClientMSPID"] == nil {
      report(.mspIDNotVerified, .warning, file.path, file.section?.place.line)
    }
    checkClientCACerts(file)
    if let name = file.tls?["cacert"], let text = name.text { checkCAObject(text, of: file, at: name.place.line) }
    checkServerPair(file)
  }

  // MARK: - Client CAs

  private mutating func checkClientCACerts(_ file: OrchestratorFile) {
    guard let node = file.clientCACerts, !node.isNull else { return checkMSPIDs(file, keys: []) }
    guard let entries = node.entries else {
      return report(.clientCACertsIsNoMapping(node.kind), .error, file.path, node.place.line)
    }
    var volumes: [String: String] = [:]
    for entry in entries {
      if let problem = SubstraNames.volumeProblem(entry.key) {
        report(.volumeName(entry.key, problem), .error, file.path, entry.place.line)
      } else if let name = KebabCase.text(entry.key), let other = volumes.updateValue(entry.key, forKey: name) {
        report(.volumeCollision(other, entry.key, name), .error, file.path, entry.place.line)
      }
      guard let items = entry.value.items else {
        report(.clientCACertsIsNoList(entry.key, entry.value.kind), .error, file.path, entry.place.line)
        continue
      }
      for item in items {
        if let name = item.text { checkCAObject(name, of: file, at: item.place.line) }
      }
    }
    checkMSPIDs(file, keys: entries.map(\.key))
  }

  private mutating func checkMSPIDs(_ file: OrchestratorFile, keys: [String]) {
    // Of several orchestrators' files it can't be told whose backends these are.
    guard file.values.verifiesMSPID == true, file.hasMutualTLS, orchestrators.count == 1 else { return }
    for mspID in mspIDs where !keys.contains(mspID) {
      let line = file.clientCACerts?.place.line ?? file.tls?.place.line
      report(SubstraRefusal.unknownOrganization(mspID, known: keys.sorted()).problem, .error, file.path, line)
    }
  }

  /// - Parameter line: where the values file names the object.
  private mutating func checkCAObject(_ name: String, of file: OrchestratorFile, at line: Int) {
    let declared = file.declared
    guard
      let object = object(name, namespace: declared?.namespace, beside: file.path, isAlone: orchestrators.count == 1)
    else { return }
    checkKind(
      of: object, chart: declared?.chart, since: SubstraNames.orchestratorWithSecrets, chartName: "orchestrator")
    checkCA(in: object)
  }

  // MARK: - The server's pair

  private mutating func checkServerPair(_ file: OrchestratorFile) {
    guard file.tls?["enabled"]?.flag == true else { return }
    let name = file.tls?.at("secrets", "pair")?.text ?? SubstraNames.serverPair
    guard
      let pair = object(name, namespace: file.declared?.namespace, beside: file.path, isAlone: orchestrators.count == 1)
    else { return }
    checkPair(pair)
    guard let leaf = pair.certificates("tls.crt").first else { return }
    var hosts = orchestrators.count == 1 ? backends.compactMap(\.values.host) : []
    if let declared = file.declared {
      let server = SubstraNames.server(
        release: declared.release, nameOverride: file.values.nameOverride,
        fullnameOverride: file.values.fullnameOverride)
      hosts += [declared.host, file.values.ingressHost ?? "\(server).\(declared.namespace).svc.cluster.local"]
    } else if let host = file.values.ingressHost {
      hosts.append(host)
    }
    for problem in SubstraServerRule(hosts: Set(hosts).sorted()).problems(of: leaf) {
      report(problem, .error, pair.file, pair.line)
    }
  }
}

// MARK: - What both charts share

extension SubstraLint {
  /// Helm ignores keys that a chart doesn't know, without a word.
  mutating func checkKeys(of node: YAMLTree?, _ known: [String], _ path: String) {
    for entry in node?.entries ?? [] where !known.contains(entry.key) {
      guard let meant = NearestWord.find(entry.key, among: known) else { continue }
      report(.misspelt(entry.key, meant), .error, path, entry.place.line)
    }
  }

  mutating func checkSwitches(_ tls: YAMLTree?, _ path: String) {
    guard let switched = tls?.at("mtls", "enabled"), switched.flag == true, tls?["enabled"]?.flag != true else {
      return
    }
    report(.mutualTLSWithoutTLS, .error, path, switched.place.line)
  }

  mutating func checkKind(
    of object: ManifestObject, chart: ChartVersion?, since first: ChartVersion?, chartName: String
  ) {
    guard let first else { return }
    guard let chart else {
      if object.kind == .configMap {
        report(
          .objectKind(object.name, .configMap, "Secret", "the chart \(chartName) mounts a Secret from \(first) on"),
          .warning, object.file, object.line)
      }
      return
    }
    let wanted: ManifestObject.Kind = chart < first ? .configMap : .secret
    guard object.kind != wanted else { return }
    report(
      .objectKind(
        object.name, object.kind, wanted.rawValue, "the chart \(chartName) \(chart) mounts a \(wanted.rawValue)"),
      .error, object.file, object.line)
  }

  mutating func checkCA(in object: ManifestObject) {
    let certificates = object.certificates(SubstraCAObject.key)
    guard let first = certificates.first else {
      return report(.noCA(object.name, object.data.keys.sorted()), .error, object.file, object.line)
    }
    if PartnerIntermediate.isOne(first), let problem = PartnerIntermediate.problem(in: [first]) {
      report(problem, .error, object.file, object.line)
    }
    if let second = certificates.dropFirst().first(where: { $0.issuer == first.subject && $0 != first }) {
      report(
        .caOrder(object.name, first: PartnerIntermediate.name(of: first), PartnerIntermediate.name(of: second)),
        .error, object.file, object.line)
    }
  }

  mutating func checkPair(_ object: ManifestObject) {
    if object.kind == .configMap {
      report(
        .objectKind(object.name, .configMap, "Secret", "both charts mount pairs from Secrets, in all versions"), .error,
        object.file, object.line)
    }
    let missing = ["tls.crt", "tls.key"].filter { object.data[$0] == nil }
    if !missing.isEmpty { report(.noPair(object.name, missing), .error, object.file, object.line) }
  }
}
