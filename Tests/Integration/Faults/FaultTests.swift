import Foundation
import PKITestKit
import Testing

/// Each script makes one kind of trouble for a running orchestrator. Here it is demanded that others are served and
/// nothing is lost; how fast they are served meanwhile is measured by scripts/faults, on a quiet machine.
@Suite("under fault", .serialized)
struct FaultTests {
  @Test(
    "other clients are served, nothing that was handed out is lost, and all is normal afterwards",
    arguments: [
      Fault("kill", rounds: 50), Fault("disk_full"), Fault("clock_back"), Fault("slow_client"), Fault("big_body"),
      Fault("half_open", rounds: 2_000), Fault("rapid_reset"),
    ])
  func survives(_ fault: Fault) async throws {
    let outcome = try await fault.run()
    #expect(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
  }

  @Test("a disk is full also where no file system can be mounted")
  func pretendedDisk() async throws {
    let outcome = try await Fault("disk_full").run(environment: ["COUNTERSIGN_FAULT_DISK": "pretended"])
    #expect(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
  }
}

struct Fault: Sendable, CustomStringConvertible {
  let name: String
  let rounds: Int?

  init(_ name: String, rounds: Int? = nil) {
    self.name = name
    self.rounds = rounds
  }

  var description: String { name }

  /// Runs the script at a low priority, since it takes what it gets of the processors.
  func run(environment: [String: String] = [:]) async throws -> Tool.Output {
    let words = ["\(Workspace.tools)/python", script, "\(Workspace.products)/countersign"]
    let options = rounds.map { ["--rounds", "\($0)"] } ?? []
    return try await onItsOwnThread {
      try Tool.run("nice", ["-n", "5"] + words + options, environment: environment)
    }
  }

  private var script: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("\(name).py").path
  }
}
