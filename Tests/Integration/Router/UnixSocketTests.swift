import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("sockets with a name in the file system")
struct UnixSocketTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", "--unix", workspace.file("backend.sock"), in: workspace)
  }

  /// `secure` demands mutual TLS, `plain` nothing.
  private var yaml: String {
    """
    workers: 3
    listeners:
      - name: secure
        listen: unix:\(workspace.file("secure.sock"))
        identity: {cert: pki/localhost.crt, key: pki/localhost.key}
        clients: {trust: pki/ca.crt, allow: [{any: true}]}
        to: back
      - name: plain
        listen: unix:\(workspace.file("plain.sock"))
        to: back
      - name: in
        listen: 127.0.0.1:0
        identity: {cert: pki/localhost.crt, key: pki/localhost.key}
        clients: {trust: pki/ca.crt, allow: [{any: true}]}
        to: back
    clusters:
      - {name: back, endpoints: ["unix:\(workspace.file("backend.sock"))"]}

    """
  }

  private func once(_ socket: String, _ flags: String...) throws -> [Told] {
    try Peer.run(["once", "--unix", workspace.file(socket)] + flags, in: workspace)
  }

  @Test("a backend behind one is reached from the network")
  func backendThere() throws {
    let router = try RunningRouter(yaml, in: workspace)
    let answers = try router.exchanges(10, as: "robot-1")
    #expect(answers.allSatisfy { $0.outcome == "answered" }, "\(answers)")
    let line = try router.waitForAccess(count: 10) { $0.outcome == "finished" }[0]
    #expect(line.endpoint == "unix:\(workspace.file("backend.sock"))")
  }

  @Test("clients come on one, plainly or with mutual TLS, and all workers serve it")
  func listens() throws {
    let router = try RunningRouter(yaml, in: workspace)
    let plain = try once("plain.sock", "--plain", "--count", "30")
    #expect(plain.count == 30 && plain.allSatisfy { $0.outcome == "answered" }, "\(plain)")
    let secure = try once("secure.sock", "--as", "robot-1", "--count", "30")
    #expect(secure.count == 30 && secure.allSatisfy { $0.outcome == "answered" }, "\(secure)")
    #expect(try once("secure.sock", "--silent")[0].isAlert("certificate required"))
    try router.waitForAccess(count: 30) { $0.listener == "secure" && $0.outcome == "finished" }
  }

  @Test("only its owner and group may connect")
  func mode() throws {
    let router = try RunningRouter(yaml, in: workspace)
    #expect(try workspace.bash("mode plain.sock secure.sock").text == "660 plain.sock\n660 secure.sock\n")
    #expect(router.process.isRunning)
  }

  @Test("what a killed router left is taken over, and a socket on which somebody answers isn't")
  func leftOver() throws {
    let first = try RunningRouter(yaml, in: workspace)
    first.process.send(SIGKILL)
    #expect(first.process.waitForExit(seconds: 60) == 128 + SIGKILL)
    #expect(FileManager.default.fileExists(atPath: workspace.file("plain.sock")))
    let second = try RunningRouter(yaml, in: workspace)
    #expect(try once("plain.sock", "--plain")[0].outcome == "answered")
    let third = try Tool.run(
      "env", workspace.environment + ["timeout", "120", "countersign", "router", "run", "--config", "router.yaml"],
      in: workspace.directory.url)
    #expect(third.status == 3 && third.errors.contains(".sock"), "\(third.errors)")
    #expect(try once("plain.sock", "--plain")[0].outcome == "answered")
    #expect(second.stop() == 0)
  }

  @Test("a backend that isn't there ends the connection, and the log says so")
  func missing() throws {
    let router = try RunningRouter(yaml, in: workspace)
    try workspace.bash("rm backend.sock")
    #expect(try router.exchange(as: "robot-1").wasCut)
    let line = try router.waitForAccess { $0.outcome == "backend-connect" }[0]
    #expect(line.reason?.contains("No such file") == true, "\(line)")
  }
}
