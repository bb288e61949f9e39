import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("the router's certificate is exchanged under load")
struct ReloadUnderLoadTests {
  let workspace: Workspace
  let backend: Peer
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter()
    try workspace.bash(
      """
      for version in 1 2 3; do countersign issue localhost --profile server -o version-$version --quiet; done
      ln -s version-1 current
      """)
    backend = try .backend("echo", in: workspace)
    let configuration = OneListener(to: backend.port).with { $0.identity = "current/localhost" }
    router = try RunningRouter(configuration.yaml, in: workspace)
  }

  @Test("of sixteen clients that come again and again none fails; who is new sees the new one, open connections go on")
  func exchanged() throws {
    let load = try router.start("load", as: "robot-1", "--count", "16")
    let held = try router.hold(4, as: "robot-2")
    for version in 2...3 {
      try load.wait(for: "server", count: version - 1)
      try workspace.bash("ln -s version-\(version) next && mv -T next current")
      #expect(try router.reload().contains("reloaded"))
      let shown = try load.wait(for: "server", count: version).compactMap(\.server)
      let newest = try workspace.serial(of: "version-\(version)/localhost.crt")
      #expect(shown.last == newest)
      held.poke()
      try held.wait(for: "answer", count: 4 * (version - 1))
    }
    #expect(held.events("end").isEmpty)
    load.process.send(SIGTERM)
    let done = try load.wait(for: "done")[0]
    #expect(done.failures == 0, "\(done)")
    #expect((done.count ?? 0) >= 16)
    let shown = try router.exchanges(8, as: "robot-1").map(\.server)
    let newest = try workspace.serial(of: "version-3/localhost.crt")
    #expect(shown.allSatisfy { $0 == newest }, "\(shown)")
  }

  @Test("what didn't change is taken over: a saved session outlives SIGHUP, and not the certificate")
  func unchanged() throws {
    #expect(try router.session(as: "robot-1").outcome == "answered")
    #expect(try router.session().resumed == true)
    #expect(try router.reload().contains("reloaded"))
    #expect(try router.session().resumed == true)
    try workspace.bash("ln -s version-2 next && mv -T next current")
    #expect(try router.reload().contains("reloaded"))
    let dead = try router.session()
    #expect(dead.resumed == false && dead.isAlert("certificate required"), "\(dead)")
  }
}
