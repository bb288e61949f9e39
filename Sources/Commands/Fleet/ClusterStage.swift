import Credentials
import Formats
import Foundation
import Glibc
import Kubernetes
import Systems

/// `apply --kubernetes`: the objects of the output into a cluster, and the restarts that follow.
struct ClusterStage {
  struct Options {
    var kubeconfig: String?
    var context: String?
    var forcesConflicts = false
    var prunes = false
    var replaces = false
  }

  let request: FleetRequest
  let console: Console
  let options: Options
  let client: KubernetesClient

  /// - Throws: ``KubernetesError`` where no cluster is configured.
  init(_ request: FleetRequest, _ console: Console, _ options: Options) throws {
    self.request = request
    self.console = console
    self.options = options
    client = KubernetesClient(
      try ClusterAccess.find(
        .init(
          kubeconfig: options.kubeconfig, context: options.context, environment: ProcessInfo.processInfo.environment)))
  }

  /// Writes down the names of the StatefulSets that a fleet's systems would like to know: a later run without the
  /// cluster delivers under the same names.
  func learnStatefulSets(_ systems: [SystemWork]) async throws {
    var state = try ClusterState(folder: request.stateFolder)
    for release in Set(systems.flatMap(\.member.system.releases)) {
      let names = try await ClusterApplication(client).statefulSets(
        namespace: release.namespace, release: release.name)
      try state.set(statefulSets: names, of: release)
    }
  }

  /// Applies, prunes, restarts.
  func run(_ fleet: RenderedFleet, name: String) async throws -> ClusterFacts {
    let application = ClusterApplication(client)
    let labels = Self.labels(name)
    let objects = try items(fleet, labels)
    let changes = try await application.plan(objects.map(\.item))
    var facts = ClusterFacts(cluster: client.access.title, changes: changes)
    facts.announce(console)
    var state = try ClusterState(folder: request.stateFolder)
    let touched = Set(zip(objects, changes).filter { $1.isPending }.map(\.0.path))
    let due = fleet.deliveries.flatMap { system, delivery in
      delivery.restarts.filter { restart in restart.because.contains { touched.contains("\(system)/\($0)") } }
    }
    // Written down before the first object changes: an interrupted run restarts them later.
    try state.add(namespaces: objects.map(\.item.object.namespace), restarts: due.compactMap(\.workload.inCluster))
    try await application.apply(
      changes, .init(force: options.forcesConflicts, replace: options.replaces),
      progress: { console.detail("applied \($0)") })
    if options.prunes {
      facts.pruned = try await prune(application, labels, keeping: objects.map(\.item.object), state)
    }
    facts.restarted = try await restart(fleet, state)
    try state.clearRestarts()
    return facts
  }

  static func labels(_ name: String) -> [String: String] {
    ["app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": name]
  }

  private func items(
    _ fleet: RenderedFleet, _ labels: [String: String]
  ) throws -> [(path: String, item: ClusterApplication.Item)] {
    var items: [(path: String, item: ClusterApplication.Item)] = []
    var seen: Set<ObjectReference> = []
    for folder in fleet.folders {
      for file in folder.files {
        guard case .object(let object) = file.role else { continue }
        let reference = ObjectReference(
          object.kind == "Secret" ? .secret : .configMap, namespace: object.namespace ?? client.access.namespace,
          name: object.name)
        // The same object may travel with several nodes.
        guard seen.insert(reference).inserted else { continue }
        let configuration = try object.applyConfiguration(labels: labels)
        items.append(("\(folder.path)/\(file.path)", .init(reference, configuration: configuration)))
      }
    }
    return items
  }

  // MARK: - Pruning

  private func prune(
    _ application: ClusterApplication, _ labels: [String: String], keeping: [ObjectReference], _ state: ClusterState
  ) async throws -> [String] {
    let listed = try await application.prunable(
      LabelSelector(labels), namespaces: Set(state.namespaces), keeping: Set(keeping))
    guard !listed.isEmpty else { return [] }
    console.note("no longer in the fleet file:")
    for entry in listed { console.note("  \(entry.object)") }
    guard confirm("Delete \(listed.count) object\(listed.count == 1 ? "" : "s")? [y/N] ") else {
      throw CommandError.refused(
        "nothing was deleted: the question was not answered with yes", hint: "what was applied stays applied")
    }
    try await application.delete(listed, progress: { console.detail("deleted \($0)") })
    return listed.map(\.object.description)
  }

  private func confirm(_ question: String) -> Bool {
    FileHandle.standardError.write(Data(question.utf8))
    let answer = readLine(strippingNewline: true)?.lowercased()
    if isatty(STDIN_FILENO) == 0 { FileHandle.standardError.write(Data("\n".utf8)) }
    return answer == "y" || answer == "yes"
  }

  // MARK: - Restarting

  private func restart(_ fleet: RenderedFleet, _ state: ClusterState) async throws -> [ClusterFacts.RestartFacts] {
    let due = Set(state.restarts)
    let ordered = fleet.deliveries.flatMap(\.delivery.restarts).compactMap(\.workload.inCluster)
    let workloads = ordered.filter(due.contains) + state.restarts.filter { !ordered.contains($0) }
    var unique: [ClusterState.Restart] = []
    for workload in workloads where !unique.contains(workload) { unique.append(workload) }
    let rollout = Rollout(client, pacing: .init(interval: .seconds(1), deadline: .seconds(600)))
    let results = try await rollout.restart(unique.map(\.workload), at: request.now) { workload, status in
      console.note("\(workload): \(status.text)")
    }
    return results.map { .init(workload: "\($0.workload)", outcome: $0.outcome.text) }
  }
}

/// What a cluster was brought to.
struct ClusterFacts: Encodable {
  struct ObjectFacts: Encodable {
    var object: String
    /// `create`, `update`, `unchanged`, `replace`, `conflict`, `refused`.
    var action: String
    var detail: String?
  }

  struct RestartFacts: Encodable {
    var workload: String
    var outcome: String
  }

  var cluster: String
  var objects: [ObjectFacts]
  var pruned: [String] = []
  var restarted: [RestartFacts] = []

  init(cluster: String, changes: [ClusterChange]) {
    self.cluster = cluster
    objects = changes.map { change in
      let object = change.item.object.description
      return switch change.action {
      case .create: ObjectFacts(object: object, action: "create")
      case .update(let fields): ObjectFacts(object: object, action: "update", detail: fields.joined(separator: ", "))
      case .unchanged: ObjectFacts(object: object, action: "unchanged")
      case .replace(let from, let to): ObjectFacts(object: object, action: "replace", detail: "type \(from) to \(to)")
      case .conflict(let conflicts, _):
        ObjectFacts(
          object: object, action: "conflict",
          detail: conflicts.map { "\($0.field) is set by \($0.manager)" }.joined(separator: ", "))
      case .refused(let error): ObjectFacts(object: object, action: "refused", detail: error.message)
      }
    }
  }

  /// Shows what will be done before it is, so that a refusal is seen among the rest.
  func announce(_ console: Console) {
    for object in objects where object.action != "unchanged" {
      console.note("\(object.action)  \(object.object)" + (object.detail.map { "  (\($0))" } ?? ""))
    }
  }

  var lines: [String] {
    let counts = Dictionary(grouping: objects, by: \.action).mapValues(\.count).sorted { $0.key < $1.key }
    return ["cluster    \(cluster): " + counts.map { "\($0.value) \($0.key)" }.joined(separator: ", ")]
      + pruned.map { "deleted    \($0)" } + restarted.map { "restarted  \($0.workload): \($0.outcome)" }
  }
}

/// What a cluster still needs, and where we have put objects, kept beside the output.
struct ClusterState {
  struct Restart: Codable, Hashable {
    var kind: String
    var namespace: String
    var name: String

    var workload: Workload {
      Workload(kind == "Deployment" ? .deployment : .statefulSet, namespace: namespace, name: name)
    }
  }

  private struct Contents: Codable, Equatable {
    var namespaces: [String] = []
    var restarts: [Restart] = []
    /// By `NAMESPACE/RELEASE`.
    var statefulSets: [String: [String]] = [:]
  }

  private let path: String
  private var contents = Contents()

  init(folder: String) throws {
    path = "\(folder)/cluster.json"
    guard OutputFiles.exists(path) else { return }
    guard let read = try? JSONDecoder().decode(Contents.self, from: Data(try InputFile.read(path))) else {
      throw CommandError.usage(
        "\(path) can't be read", hint: "move it away; restarts that are due are then yours to do")
    }
    contents = read
  }

  var namespaces: [String] { contents.namespaces }
  var restarts: [Restart] { contents.restarts }

  mutating func add(namespaces: [String], restarts: [Restart]) throws {
    var new = contents
    new.namespaces = Set(contents.namespaces + namespaces).sorted()
    new.restarts += restarts.filter { !contents.restarts.contains($0) }
    try save(new)
  }

  mutating func clearRestarts() throws {
    var new = contents
    new.restarts = []
    try save(new)
  }

  /// Nil where the cluster wasn't asked.
  func statefulSets(of release: Release) -> [String]? { contents.statefulSets["\(release.namespace)/\(release.name)"] }

  mutating func set(statefulSets names: [String], of release: Release) throws {
    var new = contents
    new.statefulSets["\(release.namespace)/\(release.name)"] = names.isEmpty ? nil : names
    try save(new)
  }

  private mutating func save(_ new: Contents) throws {
    guard new != contents else { return }
    contents = new
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try OutputFiles.write(try encoder.encode(new), path: path, access: .secret)
  }
}

extension Systems.Restart.Workload {
  /// Nil for what doesn't run in a cluster.
  var inCluster: ClusterState.Restart? {
    switch self {
    case .deployment(let name, let namespace): .init(kind: "Deployment", namespace: namespace, name: name)
    case .statefulSet(let name, let namespace): .init(kind: "StatefulSet", namespace: namespace, name: name)
    case .process: nil
    }
  }
}

extension RolloutStatus {
  fileprivate var text: String {
    switch self {
    case .waiting(let what): "waiting: \(what)"
    case .done: "done"
    case .failed(let reason): "failed: \(reason)"
    case .needsOperator(let what): what
    }
  }
}

extension Rollout.Outcome {
  fileprivate var text: String {
    switch self {
    case .done: "done"
    case .absent: "not there yet, nothing to restart"
    case .needsOperator(let what): what
    }
  }
}
