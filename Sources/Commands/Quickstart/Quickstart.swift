import ArgumentParser
import Diagnosis
import Foundation
import TLSRuntime

struct Quickstart: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quickstart",
    abstract: "See it work: an orchestrator, nodes that enrol with it, a real nginx, eight proofs.",
    discussion: """
      Needs nginx, curl and openssl. Everything happens on loopback and in a folder of its own, which --keep leaves for
      you to look at. The commands that a node and an operator would type are shown as they are run.
        countersign quickstart --keep demo
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("Do it in this folder, which must not exist yet, and leave it there.", valueName: "dir"))
  var keep: String?

  func run() async throws {
    for tool in ["nginx", "openssl", "curl"] where findTool(tool) == nil { throw missingTool(tool) }
    let folder = try workspace()
    let interruption = QuickstartInterruption(folder: keep == nil ? folder : nil)
    let watch = interruption.watch()
    defer { for source in watch { source.cancel() } }
    do {
      try await demonstrate(in: folder, interruption)
    } catch {
      interruption.waitForEnd()
      throw error
    }
  }

  private func demonstrate(in folder: String, _ interruption: QuickstartInterruption) async throws {
    defer { if keep == nil { try? FileManager.default.removeItem(atPath: folder) } }
    let stage = QuickstartStage(folder: folder, console: common.console, interruption: interruption)
    let (root, expired) = try await stage.makeAuthority()
    let orchestrator = try QuickstartOrchestrator(folder: folder, home: stage.home)
    defer { orchestrator.stop() }
    try await orchestrator.start(interruption)
    common.console.note("the orchestrator listens on \(orchestrator.url), and signs with an intermediate of its own")
    let identities = try await stage.admitNodes(orchestrator, root: root, expired: expired)
    let server = try DemoServer(folder: folder, identities: identities)
    defer { server.stop() }
    try await server.start(interruption)
    common.console.note("\nnginx listens on \(server.endpoint) as backend.example.org, with ssl_verify_client on\n")
    var facts = QuickstartFacts(folder: keep == nil ? nil : folder, endpoint: "\(server.endpoint)")
    for scene in try stage.scenes(identities) {
      try show(.init(scene: scene, proof: try await scene.prove(server.endpoint)), in: &facts)
    }
    for claim in try await stage.revocation(orchestrator, identities) { try show(claim, in: &facts) }
    try common.console.emit(facts)
    if facts.proofs.contains(where: { !$0.holds }) { throw NegativeAnswer() }
  }

  /// Prints a proof as it happens.
  private func show(_ proven: QuickstartFacts.Proven, in facts: inout QuickstartFacts) throws {
    facts.proofs.append(proven)
    if common.output == .text { try common.console.emit(ProofLine(number: facts.proofs.count, proven)) }
  }

  private func workspace() throws -> String {
    if let keep {
      guard !OutputFiles.exists(keep) else {
        throw CommandError.usage("\(keep) exists already", hint: "name a folder that isn't there yet")
      }
      try OutputFiles.makeFolder(keep, holdsKeys: true)
      return URL(fileURLWithPath: keep).path
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("countersign-\(UUID().uuidString)").path
    try OutputFiles.makeFolder(folder, holdsKeys: true)
    return folder
  }
}

struct QuickstartFacts: Facts {
  struct Proven: Encodable {
    var claim: String
    var holds: Bool
    /// What was seen, in words.
    var evidence: String
    /// Where a handshake is the proof.
    var proof: HandshakeProof?

    init(_ claim: String, holds: Bool, evidence: String) {
      self.claim = claim
      self.holds = holds
      self.evidence = evidence
    }

    init(scene: QuickstartScene, proof: HandshakeProof) {
      self.init(scene.title, holds: proof.holds, evidence: proof.evidence)
      self.proof = proof
    }
  }

  var folder: String?
  var endpoint: String
  var proofs: [Proven] = []

  init(folder: String?, endpoint: String) {
    self.folder = folder
    self.endpoint = endpoint
  }

  func lines(_ style: TextStyle) -> [String] {
    let count = proofs.filter(\.holds).count
    var lines = ["", "\(count) of \(proofs.count) proven"]
    if let folder {
      lines += [
        "", "Try next:", "  export COUNTERSIGN_HOME=\(folder)/home COUNTERSIGN_PASSPHRASE_FILE=\(folder)/ca.pass",
        "  countersign status", "  countersign nodes list", "  countersign inspect \(folder)/node-1/node-1.crt",
        "  countersign orchestrator run --config \(folder)/orchestrator/orchestrator.yaml",
        "  countersign events --verify",
      ]
    } else {
      lines += [
        "", "Try next:", "  countersign quickstart --keep demo      the same, and look at what it made",
        "  countersign ca create --name \"Example Orchestrator CA\"",
        "  countersign issue node-1.example.org -o node-1",
      ]
    }
    return lines
  }
}

/// One proof, printed as it happens.
struct ProofLine: Facts {
  var number: Int
  var title: String
  var holds: Bool
  var evidence: String

  init(number: Int, _ proven: QuickstartFacts.Proven) {
    self.number = number
    title = proven.claim
    holds = proven.holds
    evidence = proven.evidence
  }

  func lines(_ style: TextStyle) -> [String] {
    ["\(number). \(title): \(holds ? style.green("proven") : style.red("NOT proven"))", "     \(evidence)"]
  }
}

extension HandshakeProof {
  /// What was seen, in words.
  var evidence: String {
    switch outcome {
    case .accepted(let acceptance):
      switch acceptance {
      case .answered(let line): "both sides verified each other; the server answered \(line)"
      case .stayedOpen: "both sides verified each other; the connection stayed open"
      case .closedAfterRequest: "both sides verified each other; the server read our request"
      }
    case .refused(let refusal): "the server \(refusal)"
    case .refusedByClient(let reason): "the client refused: \(reason)"
    case .failed(let failure): "no handshake \(failure)"
    }
  }
}
