import ArgumentParser
import Foundation
import Systems

struct Apply: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Issue what a fleet file's nodes lack, and write what each of them reads.",
    discussion: """
      One folder for each system and node, with a README of the commands to run there. A second run changes nothing.
        countersign apply fleet.yaml
        countersign apply fleet.yaml --reissue bender-robots
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var fleet: FleetOptions
  @Flag(help: "Edit the files that the fleet file names, after a backup, instead of copies of them.") var inPlace =
    false
  @Option(
    help: ArgumentHelp("Issue this node's certificate anew: NODE or SYSTEM/NODE (repeatable).", valueName: "node"))
  var reissue: [String] = []
  @Flag(help: "Issue all certificates anew.") var all = false
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var passphrase: NewPassphraseOptions

  func validate() throws {
    if all, !reissue.isEmpty { throw ValidationError("--reissue and --all exclude each other") }
  }

  func run() async throws {
    var request = FleetRequest(
      path: fleet.file, out: fleet.out, home: Home(common.home), access: fleet.access,
      passphraseSource: passphrase.passphrase.source)
    request.passphrase = passphrase
    request.reissue = reissue
    request.reissuesAll = all
    let stage = try cluster.options.map { try ClusterStage(request, common.console, $0) }
    let application = FleetApplication(
      request: request, console: common.console, isInPlace: inPlace, cluster: stage)
    try common.console.report(try await application.run())
  }
}

/// The cluster that objects go to.
struct ClusterOptions: ParsableArguments {
  @Flag(help: "Apply the Secrets and ConfigMaps to a cluster, and restart what reads them.") var kubernetes = false
  @Option(
    help: ArgumentHelp("The kubeconfig; else $KUBECONFIG, ~/.kube/config, or the pod's account.", valueName: "file"))
  var kubeconfig: String?
  @Option(help: ArgumentHelp("The kubeconfig's context.", valueName: "name")) var context: String?
  @Flag(help: "Take over fields that others have set.") var forceConflicts = false
  @Flag(help: "Delete what the fleet file no longer names; asks first.") var prune = false
  @Flag(help: "Delete and make anew a Secret whose type changes.") var replace = false

  func validate() throws {
    let needsCluster = kubeconfig != nil || context != nil || forceConflicts || prune || replace
    if needsCluster, !kubernetes {
      throw ValidationError("--kubeconfig, --context, --force-conflicts, --prune and --replace go with --kubernetes")
    }
  }

  /// Nil where no cluster is meant.
  var options: ClusterStage.Options? {
    guard kubernetes else { return nil }
    return ClusterStage.Options(
      kubeconfig: kubeconfig, context: context, forcesConflicts: forceConflicts, prunes: prune, replaces: replace)
  }
}

/// One apply: provide, render, publish, and forget what was under way.
struct FleetApplication {
  let request: FleetRequest
  let console: Console
  let isInPlace: Bool
  var cluster: ClusterStage?

  func run() async throws -> FleetFacts {
    let provision = FleetProvision(request: request, console: console)
    // What is wrong with the fleet file, or a file that it names, is said before anything is made.
    let rehearsal = try provision.rehearse(try await FleetReader(request: request).read().systems)
    _ = try FleetRenderer(request: request, isReal: false).render(rehearsal)
    try OutputFiles.makeFolder(request.stateFolder, holdsKeys: true)
    let lock = try FolderLock(request.stateFolder)
    defer { lock.release() }
    let (name, systems) = try await FleetReader(request: request).read()
    for system in systems { OutputFolders.removeLeftovers(in: "\(request.output)/\(system.name)") }
    // The cluster is asked first: what it doesn't answer to shouldn't cost a certificate.
    if let cluster { try await cluster.learnStatefulSets(systems) }
    let outcome = try await provision.provide(systems)
    let rendered = try FleetRenderer(request: request, isReal: true).render(outcome)
    var facts = FleetFacts(outcome, rendered, request, applied: true)
    if facts.isChanged { for warning in facts.warnings { console.warn(warning) } }
    try publish(rendered)
    try RequestFolder.write(outcome.waiting, answered: outcome.systems, request)
    if isInPlace { try InPlaceEdit(request: request, console: console).edit(rendered) }
    try provision.finish(outcome)
    if let cluster { facts.cluster = try await cluster.run(rendered, name: name) }
    return facts
  }

  private func publish(_ fleet: RenderedFleet) throws {
    let changed = fleet.folders.filter(\.isChanged)
    var progress = ProgressBar("folders", total: changed.count, console: console)
    defer { progress.finish() }
    var folders = OutputFolders()
    for folder in changed {
      let files = folder.files.map { OutputFolders.File(path: $0.path, bytes: $0.bytes, mode: $0.mode) }
      try folders.add(files, path: "\(request.output)/\(folder.path)", foreign: folder.foreign)
      progress.advance()
    }
    try folders.publish()
  }
}
