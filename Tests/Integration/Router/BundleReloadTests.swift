import Foundation
import PKITestKit
import Testing

@Suite("the authorities that a listener trusts are exchanged")
struct BundleReloadTests {
  let workspace: Workspace
  let backend: Peer
  let router: RunningRouter

  /// robot-1 is of the authority that is trusted at first, robot-9 of another. The bundle lies as Kubernetes mounts it.
  init() throws {
    workspace = try .forRouter()
    try workspace.bash(
      """
      countersign --home other ca create --name "Other Root CA" --no-passphrase --quiet
      countersign --home other issue robot-9 --profile client -o other-pki --quiet
      cp other-pki/robot-9.* pki/
      mkdir -p mount/old mount/new mount/both
      cp pki/ca.crt mount/old; cp other-pki/ca.crt mount/new; cat pki/ca.crt other-pki/ca.crt >mount/both/ca.crt
      ln -s old mount/..data; ln -s ..data/ca.crt mount/ca.crt
      """)
    backend = try .backend("echo", in: workspace)
    let configuration = OneListener(to: backend.port).with {
      $0.clients = "trust: mount/ca.crt, allow: [{any: true}]"
      $0.more = "limits: {handshakeTimeout: 5m}"
    }
    router = try RunningRouter(configuration.yaml, in: workspace)
  }

  /// At once, as the kubelet does it.
  private func mount(_ version: String) throws {
    try workspace.bash("cd mount; ln -s \(version) ..data_tmp; mv -T ..data_tmp ..data")
  }

  @Test("clients of the new authority pass, those of the old don't, and their open connections end within 5 s")
  func exchanged() throws {
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    #expect(try router.exchange(as: "robot-9", "--silent").isAlert("unknown ca"))
    let held = try router.hold(3, as: "robot-1")
    try mount("new")
    #expect(try router.reload().contains("reloaded"))
    let ends = try held.wait(for: "end", count: 3)
    #expect(ends.allSatisfy { $0.isAlert("unknown ca") }, "\(ends)")
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("unknown ca"))
    #expect(try router.exchange(as: "robot-9").outcome == "answered")
    let refused = try router.waitForAccess(count: 3) { $0.outcome == "unknown-issuer" && $0.cluster != nil }
    #expect(refused.allSatisfy { $0.reason?.contains("Example Root CA") == true })
    #expect(try router.seconds(fromReloadTo: refused) <= 5)
  }

  @Test("with both in the bundle nobody's connection ends")
  func both() throws {
    let held = try router.hold(2, as: "robot-1")
    try mount("both")
    #expect(try router.reload().contains("reloaded"))
    for client in ["robot-1", "robot-9"] { #expect(try router.exchange(as: client).outcome == "answered") }
    held.poke()
    try held.wait(for: "answer", count: 2)
    #expect(held.events("end").isEmpty)
  }

  @Test("what Kubernetes mounts anew is noticed without a signal")
  func watched() throws {
    let held = try router.hold(as: "robot-1")
    try mount("new")
    #expect(try held.wait(for: "end")[0].isAlert("unknown ca"))
    #expect(try router.exchange(as: "robot-9").outcome == "answered")
  }

  @Test("who began a handshake before is judged by what holds at its end")
  func begunBefore() throws {
    let late = try router.start("late", as: "robot-1")
    try late.wait(for: "waiting")
    try mount("new")
    #expect(try router.reload().contains("reloaded"))
    late.poke()
    let end = try late.wait(for: "end")[0]
    #expect(end.isAlert("unknown ca"), "\(late.told)")
  }

  @Test("a bundle that can't be read changes nothing")
  func damaged() throws {
    let held = try router.hold(as: "robot-1")
    try workspace.bash("mkdir mount/damaged; head -c 300 mount/old/ca.crt >mount/damaged/ca.crt")
    try mount("damaged")
    let message = try router.reload()
    #expect(message.contains("nothing was changed") && message.contains("mount/ca.crt"), "\(message)")
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    held.poke()
    try held.wait(for: "answer")
  }
}
