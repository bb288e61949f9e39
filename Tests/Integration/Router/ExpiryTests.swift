import Foundation
import PKITestKit
import Testing

@Suite("a client's certificate expires")
struct ExpiryTests {
  let workspace: Workspace
  let backend: Peer
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
    router = try RunningRouter(OneListener(to: backend.port).yaml, in: workspace)
  }

  /// Seconds since 1970.
  private func end(of certificate: String) throws -> Double {
    let text = try workspace.bash(
      "date -d \"$(openssl x509 -in \(certificate) -noout -enddate | cut -d= -f2)\" +%s"
    ).text
    return try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  @Test("its open connections end then, not before, and others go on")
  func expires() throws {
    try workspace.bash("countersign issue short --lifetime 40s --profile client -o pki --quiet")
    let held = try router.hold(3, as: "short")
    let other = try router.hold(as: "robot-1")
    let ends = try held.wait(for: "end", count: 3)
    #expect(try Date().timeIntervalSince1970 >= end(of: "pki/short.crt"))
    #expect(ends.allSatisfy { $0.outcome == "ended" }, "\(ends)")
    let lines = try router.waitForAccess(count: 3) { $0.outcome == "expired" && $0.cluster == "back" }
    #expect(lines.allSatisfy { $0.subject?.contains("short") == true })
    other.poke()
    try other.wait(for: "answer")
    #expect(other.events("end").isEmpty)
    #expect(try router.exchange(as: "short", "--silent").isAlert("certificate expired"))
  }

  @Test("a saved session is good for no longer than the certificate")
  func session() throws {
    try workspace.bash("countersign issue short --lifetime 45s --profile client -o pki --quiet")
    #expect(try router.session(as: "short").outcome == "answered")
    #expect(try router.session().resumed == true)
    let end = try end(of: "pki/short.crt")
    while Date().timeIntervalSince1970 <= end + 1 { Thread.sleep(forTimeInterval: 0.1) }
    let dead = try router.session()
    #expect(dead.outcome != "answered", "\(dead)")
    try router.waitForAccess { $0.outcome == "expired" && $0.resumed == true }
  }
}
