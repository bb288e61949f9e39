import Credentials
import Foundation
import Systems
import X509

/// What a plan found, or an apply did.
struct FleetFacts: Facts {
  struct NodeFacts: Encodable {
    var system: String
    var node: String
    var subject: String
    var names: [String]
    /// `keep`, `issue`, `sign`, `request`, `deliver`.
    var action: String
    var why: String?
    var serial: String?
    var notAfter: String?
  }

  struct FileFacts: Encodable {
    var path: String
    var state: FileChange.State
    var why: String?

    /// `SYSTEM/NODE`.
    var folder: String { path.split(separator: "/").prefix(2).joined(separator: "/") }
  }

  struct RestartFacts: Encodable {
    var workload: String
    var command: String
    var because: [String]
    /// Whether the command is for a machine that it doesn't name.
    var isProcess: Bool
  }

  var output: String
  var authorities: [String]
  var nodes: [NodeFacts]
  var artefacts: [FileFacts]
  var restarts: [RestartFacts]
  /// Requests whose certificates have not come back.
  var waiting: [String]
  var warnings: [String]
  /// Whether there is, or was, anything to do.
  var isChanged: Bool
  var applied: Bool
  var cluster: ClusterFacts?

  func lines(_ style: TextStyle) -> [String] {
    var lines = authorities.map { "authority  \($0)" }
    lines += nodeLines(style) + fileLines(style)
    if !waiting.isEmpty {
      lines += ["waiting for certificates; send the requests, and put each answer beside its request:"]
      lines += waiting.map { "  \($0)" }
    }
    if let cluster {
      lines += cluster.lines
    } else if !restarts.isEmpty {
      lines.append("restart, in this order:")
      lines += restarts.enumerated().map { number, restart in
        "  \(number + 1). \(restart.command)" + (restart.isProcess ? "  (\(restart.workload))" : "")
      }
    }
    lines.append(summary)
    return lines
  }

  private func nodeLines(_ style: TextStyle) -> [String] {
    let active = nodes.filter { $0.action != "keep" }
    let shown = active.prefix(50).map { node in
      "\(node.action.padding(toLength: 8, withPad: " ", startingAt: 0))  \(node.system)/\(node.node)  \(node.subject)"
        + (node.why.map { "  (\($0))" } ?? "")
    }
    return shown + (active.count > shown.count ? ["and \(active.count - shown.count) more nodes"] : [])
  }

  /// What changes; of very many files, the rest are counted. The README and manifest of a folder change with it, and
  /// are shown only where nothing else does.
  private func fileLines(_ style: TextStyle) -> [String] {
    let changed = artefacts.filter { $0.state != .unchanged }
    let isText = { (file: FileFacts) in
      file.path.hasSuffix("/\(Delivery.Folder.readme)") || file.path.hasSuffix("/\(Delivery.Folder.manifest)")
    }
    let folders = Set(changed.filter { !isText($0) }.map(\.folder))
    let listed = changed.filter { !isText($0) || !folders.contains($0.folder) }
    let shown = listed.prefix(200).map { file in
      let word = file.state.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
      let colored = file.state == .expiring ? style.yellow(word) : style.green(word)
      return "\(colored)  \(file.path)" + (file.why.map { style.dim("  (\($0))") } ?? "")
    }
    return shown + (listed.count > shown.count ? ["and \(listed.count - shown.count) more files"] : [])
  }

  private var summary: String {
    let counts = Dictionary(grouping: artefacts, by: \.state).mapValues(\.count)
    let order: [FileChange.State] = [.new, .changed, .expiring, .unchanged]
    let text = order.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }.joined(separator: ", ")
    return "\(output): \(text.isEmpty ? "nothing to deliver yet" : text)"
  }
}

extension FleetFacts {
  init(_ outcome: FleetProvision.Outcome, _ fleet: RenderedFleet, _ request: FleetRequest, applied: Bool) {
    output = request.output
    self.applied = applied
    var seen: Set<AuthorityDeclaration.Source> = []
    authorities = outcome.systems.filter { seen.insert($0.authority.source).inserted }.map { system in
      if case .missing(let home, _) = system.authority.access {
        return "\(system.authority.title), to be made in \(home.path)"
      }
      return system.authority.title
    }
    nodes = zip(outcome.systems, outcome.credentials).flatMap { system, credentials in
      zip(system.nodes, credentials).map { work, credential in
        NodeFacts(work, system.name, applied || work.reason == nil ? credential : nil)
      }
    }
    artefacts = fleet.changes.map { FileFacts(path: $0.path, state: $0.state, why: $0.why) }
    restarts = fleet.restarts.map {
      RestartFacts(
        workload: "\($0.workload)", command: $0.command, because: $0.because, isProcess: $0.workload.inCluster == nil)
    }
    waiting = outcome.waiting.map { "\(RequestFolder.path(request))/\($0.system)-\($0.node).csr" }
    warnings = fleet.warnings
    isChanged = fleet.folders.contains(where: \.isChanged) || !waiting.isEmpty
  }
}

extension FleetFacts.NodeFacts {
  init(_ work: NodeWork, _ system: String, _ credential: NodeCredential?) {
    self.system = system
    node = work.node.name
    subject = "\(work.node.identity.subject)"
    names = work.node.identity.names.map(\.description)
    why = work.reason?.text
    serial = credential?.leaf.serialNumber.hex
    notAfter = credential.map { rfc3339($0.leaf.notValidAfter) }
    action =
      switch work.action {
      case .keep: "keep"
      case .given: "deliver"
      case .issue, .selfSign: "issue"
      case .sign: "sign"
      case .request: "request"
      }
  }
}

extension Restart.Workload: CustomStringConvertible {
  package var description: String {
    switch self {
    case .deployment(let name, let namespace): "deployment/\(name) in \(namespace)"
    case .statefulSet(let name, let namespace): "statefulset/\(name) in \(namespace)"
    case .process(let what): what
    }
  }
}
