import Foundation
import PKITestKit
import Testing

@Suite("the systemd unit of the orchestrator")
struct UnitTests {
  private static let unit = Workspace.sources.appendingPathComponent(
    "../../deploy/countersign-orchestrator.service"
  ).standardizedFileURL

  @Test("systemd understands it, and finds little that it exposes")
  func hardening() throws {
    let workspace = try Workspace()
    let text = try String(contentsOf: Self.unit, encoding: .utf8)
      .replacingOccurrences(of: "/usr/bin/countersign", with: "\(Workspace.products)/countersign")
    try Data(text.utf8).write(to: workspace.directory.file("countersign-orchestrator.service"))
    let words = try workspace.bash(
      """
      systemd-analyze verify --man=no ./countersign-orchestrator.service 2>&1
      systemd-analyze security --no-pager --offline=true --threshold=20 ./countersign-orchestrator.service >security
      tail -1 security
      """
    ).text
    #expect(words.contains("Overall exposure level for countersign-orchestrator.service: 1."))
    #expect(!words.contains("ignoring"), "\(words)")
  }
}
