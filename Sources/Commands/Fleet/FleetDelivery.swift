import Credentials
import Formats
import Foundation
import Systems

/// A file of the output, and what would happen to it.
struct FileChange: Hashable {
  enum State: String, Hashable, Encodable { case new, changed, expiring, unchanged }

  /// Below the output folder.
  var path: String
  var state: State
  /// Nil where it stays as it is.
  var why: String?
}

/// A folder of the output as it is to be.
struct RenderedFolder {
  /// Below the output folder.
  var path: String
  var files: [Artefact]
  var changes: [FileChange]
  /// What somebody else put there, and keeps.
  var foreign: [String]

  var isChanged: Bool { changes.contains { $0.state != .unchanged } }
}

/// All that an apply writes, held against what is there.
struct RenderedFleet {
  var folders: [RenderedFolder] = []
  var deliveries: [(system: String, delivery: Delivery)] = []
  var problems: [String] = []

  var changes: [FileChange] { folders.flatMap(\.changes) }

  /// What has to restart, in order, because what it reads has changed.
  var restarts: [Restart] {
    let changed = Set(changes.filter { $0.state != .unchanged }.map(\.path))
    return deliveries.flatMap { system, delivery in
      delivery.restarts.filter { restart in restart.because.contains { changed.contains("\(system)/\($0)") } }
    }
  }

  var warnings: [String] { deliveries.flatMap(\.delivery.warnings) }
}

struct FleetRenderer {
  let request: FleetRequest
  /// Whether the credentials are real: then each is held against its system's own rule.
  let isReal: Bool

  func render(_ outcome: FleetProvision.Outcome) throws -> RenderedFleet {
    var fleet = RenderedFleet()
    let cluster = try ClusterState(folder: request.stateFolder)
    for (system, credentials) in zip(outcome.systems, outcome.credentials) {
      let supply = supply(system, credentials, cluster)
      do {
        if isReal { try check(system, credentials, supply) }
        let delivery = try deliver(system.member.system, supply)
        fleet.deliveries.append((system.name, delivery))
        let present = PresentState(system)
        for folder in delivery.folders { fleet.folders.append(rendered(folder, present)) }
      } catch let error as FleetError {
        throw error.inFile(request.path)
      }
    }
    return fleet
  }

  private func deliver(_ system: some FleetSystem, _ supply: Supply) throws -> Delivery {
    var random = SystemRandomNumberGenerator()
    return try system.deliver(supply, using: &random)
  }

  private func supply(
    _ system: SystemWork, _ credentials: [NodeCredential?], _ cluster: ClusterState
  ) -> Supply {
    var supply = Supply(now: request.now)
    for (work, credential) in zip(system.nodes, credentials) { supply.credentials[work.node.name] = credential }
    supply.trust = system.authority.trust
    if supply.trust.isEmpty { supply.trust = credentials.compactMap { $0 }.first?.trust ?? [] }
    supply.issuer = system.authority.signing
    supply.files = system.files
    supply.tokens = system.tokens
    for release in system.member.system.releases { supply.statefulSets[release] = cluster.statefulSets(of: release) }
    supply.previous = system.stored.files.mapValues(\.bytes)
    return supply
  }

  /// What a peer would refuse is not delivered.
  private func check(_ system: SystemWork, _ credentials: [NodeCredential?], _ supply: Supply) throws {
    for (work, credential) in zip(system.nodes, credentials) {
      guard let credential,
        let problem = problems(of: system.member.system, credential, work.node, supply).first
      else { continue }
      throw FleetError(
        "the certificate of \(work.node.name) would be refused: \(problem.what); \(problem.why)", advice: problem.fix,
        at: work.node.place, kind: .refused)
    }
  }

  private func problems(
    of system: some FleetSystem, _ credential: NodeCredential, _ node: Node, _ supply: Supply
  ) -> [Problem] {
    system.problems(of: credential, for: node, supply: supply)
  }

  private func rendered(_ folder: Delivery.Folder, _ state: PresentState) -> RenderedFolder {
    let path = "\(state.system)/\(folder.name)"
    let files = folder.files()
    let present = state.folders[folder.name] ?? [:]
    let changes = files.map { change($0, in: path, state, present[$0.path]) }
    let old = present[Delivery.Folder.manifest].map { ManifestPaths($0.bytes).paths } ?? []
    let ours = Set(old + files.map(\.path) + [Delivery.Folder.readme, Delivery.Folder.manifest])
    let foreign = present.keys.filter { !ours.contains($0) }
    return RenderedFolder(path: path, files: files, changes: changes, foreign: foreign.sorted())
  }

  private func change(
    _ file: Artefact, in folder: String, _ state: PresentState, _ present: FileTree.File?
  ) -> FileChange {
    let path = "\(folder)/\(file.path)"
    let renewed = file.carries.lazy.compactMap { state.renewed[$0] }.first
    guard let present else {
      return FileChange(path: path, state: .new, why: renewed.flatMap { $0.reason == .missing ? nil : why($0) })
    }
    guard present.bytes == file.bytes else {
      if let renewed {
        return FileChange(path: path, state: renewed.isExpiring ? .expiring : .changed, why: why(renewed))
      }
      return FileChange(path: path, state: .changed, why: "it differs from what the fleet file says")
    }
    guard present.mode == file.mode else {
      let (was, now) = (String(present.mode, radix: 8), String(file.mode, radix: 8))
      return FileChange(path: path, state: .changed, why: "its mode is \(was) instead of \(now)")
    }
    return FileChange(path: path, state: .unchanged, why: nil)
  }

  private func why(_ work: NodeWork) -> String {
    "the certificate of \(work.node.name): \(work.reason?.text ?? "")"
  }
}

extension NodeWork {
  var isExpiring: Bool { reason?.isExpiry ?? false }
}

extension Artefact {
  var mode: mode_t { (isSecret ? 0o600 : 0o644) | (isExecutable ? (isSecret ? 0o100 : 0o111) : 0) }
}

/// A system's output as it is, by folder, and its nodes that get another certificate: looked up for each file.
private struct PresentState {
  let system: String
  let folders: [String: [String: FileTree.File]]
  let renewed: [String: NodeWork]

  init(_ work: SystemWork) {
    system = work.name
    var folders: [String: [String: FileTree.File]] = [:]
    for (path, file) in work.stored.files {
      guard let slash = path.firstIndex(of: "/") else { continue }
      folders[String(path[..<slash]), default: [:]][String(path[path.index(after: slash)...])] = file
    }
    self.folders = folders
    renewed = Dictionary(
      work.nodes.filter { $0.reason != nil }.map { ($0.node.name, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

/// What a folder's manifest says was put there.
private struct ManifestPaths: Decodable {
  private struct File: Decodable { var path: String }
  private var files: [File] = []

  init(_ bytes: [UInt8]) {
    if let decoded = try? JSONDecoder().decode(ManifestPaths.self, from: Data(bytes)) { self = decoded }
  }

  var paths: [String] { files.map(\.path) }
}
