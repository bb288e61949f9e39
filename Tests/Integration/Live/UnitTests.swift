import Foundation
import PKITestKit
import Testing

@Suite("the systemd units")
struct UnitTests {
  @Test("systemd understands them, and finds little that they expose", arguments: ["orchestrator", "router"])
  func hardening(service: String) throws {
    let name = "countersign-\(service).service"
    let unit = Workspace.sources.appendingPathComponent("../../deploy/\(name)").standardizedFileURL
    let workspace = try Workspace()
    let text = try String(contentsOf: unit, encoding: .utf8)
      .replacingOccurrences(of: "/usr/bin/countersign", with: "\(Workspace.products)/countersign")
    try Data(text.utf8).write(to: workspace.directory.file(name))
    let words = try workspace.bash(
      """
      systemd-analyze verify --man=no ./\(name) 2>&1
      systemd-analyze security --no-pager --offline=true --threshold=20 ./\(name) >security
      tail -1 security
      """
    ).text
    #expect(words.contains("Overall exposure level for \(name): 1."), "\(words)")
    #expect(!words.contains("ignoring"), "\(words)")
  }
}
