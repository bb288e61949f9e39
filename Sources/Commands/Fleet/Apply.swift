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
  @OptionGroup var passphrase: NewPassphraseOptions

  func run() async throws {
    var request = FleetRequest(
      path: fleet.file, out: fleet.out, home: Home(common.home), passphraseSource: passphrase.passphrase.source)
    request.passphrase = passphrase
    request.reissue = reissue
    request.reissuesAll = all
    let facts = try await FleetApplication(request: request, console: common.console, isInPlace: inPlace).run()
    try common.console.report(facts)
  }
}

/// One apply: provide, render, publish, and forget what was under way.
struct FleetApplication {
  let request: FleetRequest
  let console: Console
  let isInPlace: Bool

  func run() async throws -> FleetFacts {
    // What is wrong with the fleet file is said before anything is made.
    _ = try await FleetReader(request: request).read()
    try OutputFiles.makeFolder(request.stateFolder, holdsKeys: true)
    let lock = try FolderLock(request.stateFolder)
    defer { lock.release() }
    let systems = try await FleetReader(request: request).read()
    for system in systems { OutputFolders.removeLeftovers(in: "\(request.output)/\(system.name)") }
    let provision = FleetProvision(request: request, console: console)
    let outcome = try await provision.provide(systems)
    let rendered = try FleetRenderer(request: request, isReal: true).render(outcome)
    let facts = FleetFacts(outcome, rendered, request, applied: true)
    for warning in facts.warnings { console.warn(warning) }
    try publish(rendered)
    try RequestFolder.write(outcome.waiting, answered: outcome.systems, request)
    if isInPlace { try InPlaceEdit(request: request, console: console).edit(rendered) }
    try provision.finish(outcome)
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
