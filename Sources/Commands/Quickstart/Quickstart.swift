import ArgumentParser
import Credentials
import Diagnosis
import Foundation
import TLSRuntime
import X509

struct Quickstart: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quickstart", abstract: "See it work: an authority, three identities, a real nginx, five proofs.",
    discussion: """
      Needs nginx and openssl. Everything happens in a folder of its own, which --keep leaves for you to look at.
        countersign quickstart --keep demo
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("Do it in this folder, which must not exist yet, and leave it there.", valueName: "dir"))
  var keep: String?

  func run() async throws {
    let folder = try workspace()
    defer { if keep == nil { try? FileManager.default.removeItem(atPath: folder) } }
    let stage = QuickstartStage(folder: folder, console: common.console)
    let identities = try await stage.makeIdentities()
    let server = try DemoServer(folder: folder, identities: identities)
    defer { server.stop() }
    try await server.start()
    common.console.note("\nnginx listens on \(server.endpoint), with ssl_verify_client on\n")
    var facts = QuickstartFacts(folder: keep == nil ? nil : folder, endpoint: "\(server.endpoint)")
    for scene in try stage.scenes(identities) {
      let proof = try await scene.prove(server.endpoint)
      facts.proofs.append(.init(scene: scene, proof: proof))
      if common.output == .text {
        try common.console.emit(ProofLine(number: facts.proofs.count, scene: scene, proof: proof))
      }
    }
    try common.console.emit(facts)
    if facts.proofs.contains(where: { !$0.proof.holds }) { throw NegativeAnswer() }
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
    var proof: HandshakeProof

    init(scene: QuickstartScene, proof: HandshakeProof) {
      claim = scene.title
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
    let count = proofs.filter(\.proof.holds).count
    var lines = ["", "\(count) of \(proofs.count) proven"]
    if let folder {
      lines += [
        "", "Try next:", "  export COUNTERSIGN_HOME=\(folder)/home COUNTERSIGN_PASSPHRASE_FILE=\(folder)/ca.pass",
        "  countersign status", "  countersign inspect \(folder)/node-1/node-1.crt",
        "  countersign issue node-3 -o node-3", "  countersign events --verify",
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

  init(number: Int, scene: QuickstartScene, proof: HandshakeProof) {
    self.number = number
    title = scene.title
    holds = proof.holds
    evidence = proof.evidence
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
