import Foundation
import PKITestKit
import Testing

/// An apply that is killed after each step that makes something durable, and run again.
@Suite("an apply that is interrupted")
struct InterruptedApplyTests {
  private static let fleet = """
    authority: {name: Example CA}
    systems:
      - kind: connectware
        connectware: {namespace: cybus, release: connectware, mode: helm}
        agents:
          chart: connectware-agent
          release: connectware-agent
          namespace: cybus
          connectwareHost: connectware.cybus
          values: values.yaml
          names: [bender-robots, welder-robots]
      - kind: bacalhau
        orchestrator: {config: orchestrator.yaml, hosts: [10.0.5.16], installDir: /etc/bacalhau, tokenFile: token}
        computes: [{name: compute-1, config: compute-1.yaml, installDir: /etc/bacalhau}]
    """

  @Test("is taken up again, with the same outcome and no second certificate, wherever it ended")
  func everyStep() async throws {
    let shim = try TemporaryDirectory()
    let source = Workspace.sources.appendingPathComponent("Harness/interrupt.c").path
    try Tool.require("cc", ["-shared", "-fPIC", "-o", shim.file("interrupt.so").path, source, "-ldl"])
    let whole = try prepared()
    try whole.bash("countersign apply fleet.yaml --no-passphrase --in-place --quiet")
    let (expected, once) = (try files(whole), try issued(whole))
    var step = 0
    var finished = false
    while !finished {
      step += 1
      let found = try await onItsOwnThread { [step] in try apply(interruptedAfter: step, shim: shim) }
      finished = found.finished
      let surplus = Set(found.files).symmetricDifference(expected).sorted()
      #expect(surplus.isEmpty, "interrupted after step \(step): \(surplus)")
      #expect(found.issued == once, "interrupted after step \(step)")
      #expect(found.afterAnother == found.listing, "interrupted after step \(step)")
    }
    // Fewer would mean that the walk saw no renames, or no commits.
    #expect(step > 20, "the walk ended after \(step) steps")
  }

  /// What is there after an apply that was interrupted and a second one.
  private struct Outcome: Sendable {
    var finished: Bool
    var files: [String]
    var issued: [String]
    var listing: String
    /// The listing after a third.
    var afterAnother: String
  }

  private func apply(interruptedAfter step: Int, shim: TemporaryDirectory) throws -> Outcome {
    let workspace = try prepared()
    let finished = try interrupt(workspace, after: step, shim: shim.file("interrupt.so").path)
    try workspace.bash("countersign apply fleet.yaml --no-passphrase --in-place --quiet 2>/dev/null")
    try workspace.bash("countersign plan fleet.yaml --exit-code --quiet")
    let (files, issued) = (try files(workspace), try issued(workspace))
    try workspace.bash("countersign events --verify --quiet")
    let listing = try listing(workspace)
    try workspace.bash("countersign apply fleet.yaml --no-passphrase --in-place --quiet")
    return Outcome(
      finished: finished, files: files, issued: issued, listing: listing, afterAnother: try self.listing(workspace))
  }

  @Test("is taken up again when it was to renew what is there")
  func renewal() async throws {
    let shim = try TemporaryDirectory()
    let source = Workspace.sources.appendingPathComponent("Harness/interrupt.c").path
    try Tool.require("cc", ["-shared", "-fPIC", "-o", shim.file("interrupt.so").path, source, "-ldl"])
    var step = 0
    var finished = false
    while !finished {
      step += 1
      let found = try await onItsOwnThread { [step] in try reissue(interruptedAfter: step, shim: shim) }
      finished = found.finished
      let (before, after) = (found.before, found.after)
      // Killed after its last step, it had done all that it was asked for: the second run is asked anew.
      #expect(
        after == (found.isUnderWay ? 2 : before + 1), "interrupted after step \(step): \(before), then \(after)")
    }
  }

  /// How many certificates there are of a unit before and after the second run.
  private struct Reissue: Sendable {
    var finished: Bool
    var isUnderWay: Bool
    var before: Int
    var after: Int
  }

  private func reissue(interruptedAfter step: Int, shim: TemporaryDirectory) throws -> Reissue {
    let workspace = try prepared()
    try workspace.bash("countersign apply fleet.yaml --no-passphrase --quiet 2>/dev/null")
    let finished = try interrupt(
      workspace, after: step, shim: shim.file("interrupt.so").path, flags: ["--reissue", "bender-robots"])
    let isUnderWay = FileManager.default.fileExists(atPath: workspace.file("out/.countersign/pending.json"))
    let before = try count(workspace)
    try workspace.bash(
      """
      countersign apply fleet.yaml --reissue bender-robots --quiet
      countersign plan fleet.yaml --exit-code --quiet
      cd out/connectware/bender-robots
      [ "$(openssl x509 -in tls.crt -noout -pubkey)" = "$(openssl pkey -in tls.key -pubout)" ]
      ls -A ../ | grep -v '^[a-z]' && exit 1 || true
      """)
    return Reissue(finished: finished, isUnderWay: isUnderWay, before: before, after: try count(workspace))
  }

  private func count(_ workspace: Workspace) throws -> Int {
    try issued(workspace).filter { $0.contains("bender-robots") }.count
  }

  private func prepared() throws -> Workspace {
    let workspace = try Workspace()
    try Data(Self.fleet.utf8).write(to: workspace.directory.file("fleet.yaml"))
    try Data("# ours\nlicenseKey: abc\n".utf8).write(to: workspace.directory.file("values.yaml"))
    try Data("Orchestrator:\n  Enabled: true\n".utf8).write(to: workspace.directory.file("orchestrator.yaml"))
    let compute = "Compute:\n  Enabled: true\n  Orchestrators:\n    - nats://10.0.5.16:4222\n"
    try Data(compute.utf8).write(to: workspace.directory.file("compute-1.yaml"))
    return workspace
  }

  /// - Returns: whether the run came to its end before that step.
  private func interrupt(_ workspace: Workspace, after step: Int, shim: String, flags: [String] = []) throws -> Bool {
    let arguments = ["apply", "fleet.yaml", "--no-passphrase", "--quiet"] + (flags.isEmpty ? ["--in-place"] : flags)
    let output = try Tool.run(
      "env", workspace.environment + ["INTERRUPT_AFTER=\(step)", "LD_PRELOAD=\(shim)", "countersign"] + arguments,
      in: workspace.directory.url)
    guard output.status == 0 || output.status == 128 + SIGKILL else {
      throw Tool.Failure(description: "step \(step): \(output.status) \(output.errors)")
    }
    return output.status == 0
  }

  /// Every file that there is, with its mode.
  private func files(_ workspace: Workspace) throws -> [String] {
    try workspace.bash("find . -type f ! -name 'ledger.db-*' -printf '%m %p\\n' | sort").text
      .split(separator: "\n").map(String.init)
  }

  private func listing(_ workspace: Workspace) throws -> String { try workspace.bash("listing .").text }

  /// The subjects of all certificates that were ever issued.
  private func issued(_ workspace: Workspace) throws -> [String] {
    try workspace.bash("sqlite3 home/ledger.db \"SELECT subject FROM certificates WHERE state = 'issued' ORDER BY 1\"")
      .text.split(separator: "\n").map(String.init)
  }
}
