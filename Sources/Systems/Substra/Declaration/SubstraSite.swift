import Credentials
import Formats

/// The fleet file's entry together with what only the operators' values files say.
struct SubstraSite: Sendable {
  let orchestrator: SubstraOrchestratorSite
  let backends: [SubstraBackendSite]
  /// The MSP IDs that the orchestrator must know, in the order of the fleet file.
  let mspIDs: [String]

  /// - Throws: ``FleetError`` for values files that are missing, can't be read, or say otherwise than the fleet file,
  ///   and for MSP IDs that the chart can't make volumes of.
  init(_ substra: Substra, _ files: InputFiles) throws(FleetError) {
    orchestrator = try SubstraOrchestratorSite(substra.orchestrator, files)
    var backends: [SubstraBackendSite] = []
    for backend in substra.backends { backends.append(try SubstraBackendSite(backend, files)) }
    self.backends = backends
    var seen: Set<String> = []
    mspIDs = (backends.map(\.mspID) + substra.orchestrator.clientCAs.map(\.mspID)).filter { seen.insert($0).inserted }
    try checkVolumes()
  }

  private func place(of mspID: String) -> YAMLTree.Place {
    backends.first { $0.mspID == mspID }?.declared.place
      ?? orchestrator.declared.clientCAs.first { $0.mspID == mspID }?.place ?? orchestrator.declared.place
  }

  /// The chart makes one volume for each key of clientCACerts, and names it by the key.
  private func checkVolumes() throws(FleetError) {
    let ours = Set(mspIDs)
    var seen: [String: String] = [:]
    for key in mspIDs + orchestrator.values.clientCACerts.map(\.key).filter({ !ours.contains($0) }) {
      if ours.contains(key), let problem = SubstraNames.volumeProblem(key) {
        throw FleetError(
          "the orchestrator's chart can't make a volume for the MSP ID \"\(key)\": \(problem)",
          advice: "give the organization another MSP ID, on both sides", at: place(of: key))
      }
      guard let name = KebabCase.text(key) else { continue }
      if let other = seen.updateValue(key, forKey: name) {
        throw FleetError(
          "\"\(other)\" and \"\(key)\" both become the volume \"\(name)\" of the orchestrator's chart",
          advice: "give one of the organizations another MSP ID, or remove the key of clientCACerts that isn't one",
          at: place(of: ours.contains(key) ? key : other))
      }
    }
  }
}

/// The orchestrator, with what its values file says.
struct SubstraOrchestratorSite: Sendable {
  let declared: Substra.Orchestrator
  let values: SubstraOrchestratorValues

  init(_ declared: Substra.Orchestrator, _ files: InputFiles) throws(FleetError) {
    self.declared = declared
    values = SubstraOrchestratorValues(try SubstraValuesFile.tree(declared.values, files))
  }

  /// The name of its Deployment and Service.
  var server: String {
    SubstraNames.server(
      release: declared.release, nameOverride: values.nameOverride, fullnameOverride: values.fullnameOverride)
  }

  /// The name that its own probes expect in its certificate.
  var probeHost: String { values.ingressHost ?? "\(server).\(declared.namespace).svc.cluster.local" }

  /// All names under which it may be dialled.
  var hosts: [String] {
    let service = [
      "", ".\(declared.namespace)", ".\(declared.namespace).svc", ".\(declared.namespace).svc.cluster.local",
    ]
    return [declared.host] + [declared.ingressHost, values.ingressHost].compactMap { $0 } + service.map { server + $0 }
  }

  var verifiesMSPID: Bool { declared.verifiesMSPID ?? values.verifiesMSPID ?? true }

  func identity() throws(FleetError) -> Identity {
    try Substra.identity(declared.host, organization: nil, hosts: hosts, at: declared.place)
  }
}

/// A backend, with its organization.
struct SubstraBackendSite: Sendable {
  let declared: Substra.Backend
  let mspID: String
  let values: SubstraBackendValues

  init(_ declared: Substra.Backend, _ files: InputFiles) throws(FleetError) {
    self.declared = declared
    values = SubstraBackendValues(try SubstraValuesFile.tree(declared.values, files))
    let path = declared.values?.path ?? ""
    switch (declared.org, values.mspID) {
    case (let org?, let mspID?) where org != mspID:
      throw FleetError(
        "the fleet file says org: \(org), and \(path) says orchestrator.mspID: \(mspID)",
        advice: "the certificate's organization, the MSP ID and the orchestrator's key for it must be one and the same",
        at: declared.place, kind: .refused)
    case (let org?, _): mspID = org
    case (nil, let found?): mspID = found
    case (nil, nil):
      throw FleetError(
        "neither the fleet file nor \(path) names the organization of this backend",
        advice: "give its MSP ID as org", at: declared.place)
    }
  }

  func identity() throws(FleetError) -> Identity {
    try Substra.identity(declared.host, organization: mspID, hosts: [declared.host], at: declared.place)
  }

  var caKind: SubstraCAObject.Kind { SubstraCAObject.Kind(backend: declared.chart) }

  /// What reads the certificate, in the chart's order; those that the values file turns off are left out.
  var workloads: [Restart.Workload] {
    guard let release = declared.release, let namespace = declared.namespace else { return [] }
    let name = SubstraNames.backend(release: release, nameOverride: values.nameOverride)
    let deployments = [("server", ""), ("api-events", "api.events"), ("worker-events", "worker.events")]
    return deployments.filter { !values.isOff($0.1) }.map { .deployment(name: "\(name)-\($0.0)", namespace: namespace) }
      + ["worker", "builder"].filter { !values.isOff($0) }.map {
        .statefulSet(name: "\(name)-\($0)", namespace: namespace)
      }
  }
}

extension Substra {
  static func identity(
    _ commonName: String, organization: String?, hosts: [String], at place: YAMLTree.Place
  ) throws(FleetError) -> Identity {
    var names: [SubjectName] = []
    for host in hosts {
      guard let name = SubjectName(host: host) else {
        throw FleetError("\"\(host)\" is neither a DNS name nor an address", at: place)
      }
      names.append(name)
    }
    do {
      return try Identity(commonName: commonName, organization: organization, names: names)
    } catch {
      throw FleetError(error.message, advice: error.hint, at: place)
    }
  }
}
