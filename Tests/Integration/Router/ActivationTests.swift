import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("sockets that the service manager holds")
struct ActivationTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
    let yaml = OneListener(to: backend.port).with { $0.top = "drain: 60s\nworkers: 2" }.yaml
    try workspace.write(
      yaml.replacing("listen: 127.0.0.1:0", with: "listen: systemd:api"), to: "router.yaml")
  }

  /// `systemd-socket-activate` becomes the router as soon as somebody connects.
  private func activate(_ sockets: [String], names: String) throws -> BackgroundProcess {
    let process = try workspace.start(
      ["systemd-socket-activate", "--fdname=\(names)"] + sockets.map { "--listen=\($0)" }
        + ["--setenv=PATH", "countersign", "router", "run", "--config", "router.yaml"])
    try process.wait(for: "Listening on", count: sockets.count)
    return process
  }

  private func once(_ flags: String...) throws -> [Told] { try Peer.run(["once"] + flags, in: workspace) }

  @Test("who connects before the router runs is served, and each name is a listener's")
  func activated() throws {
    let port = try ServerProcess.freePort()
    let path = workspace.file("plain.sock")
    let yaml = try workspace.text("router.yaml")
    try workspace.write(
      yaml.replacing("clusters:", with: "  - {name: plain, listen: \"systemd:plain\", to: back}\nclusters:"),
      to: "router.yaml")
    let router = try activate(["127.0.0.1:\(port)", path], names: "api:plain")
    #expect(!router.output.contains("\"message\""))
    #expect(try once("--port", "\(port)", "--as", "robot-1")[0].outcome == "answered")
    #expect(router.output.contains("\"address\":\"systemd:api\"") && router.output.contains("\"systemd:plain\""))
    #expect(try once("--unix", path, "--plain", "--count", "5").allSatisfy { $0.outcome == "answered" })
    #expect(try once("--port", "\(port)", "--silent")[0].isAlert("certificate required"))
    try workspace.write(
      workspace.text("router.yaml").replacing("allow: [{any: true}]", with: "allow: [{cn: nobody}]"), to: "router.yaml")
    router.send(SIGHUP)
    try router.wait(for: "\"reloaded\"")
    #expect(try once("--port", "\(port)", "--as", "robot-1", "--silent")[0].isAlert("access denied"))
    #expect(try once("--unix", path, "--plain")[0].outcome == "answered")
  }

  @Test("a restart on the same socket loses no connection")
  func restarted() throws {
    let service = try workspace.startClients(
      ["service", "--fdname", "api", "--", "countersign", "router", "run", "--config", "router.yaml"])
    try service.wait(for: "\"systemd:api\"")
    let port = try #require(Told.lines(service.output).first { $0.event == "listening" }?.port)
    let load = try Peer(["load", "--port", "\(port)", "--as", "robot-1", "--count", "4"], in: workspace)
    try load.wait(for: "server")
    for restart in 1...3 {
      service.send(SIGUSR1)
      try service.wait(for: "\"systemd:api\"", count: restart + 1)
      // The new one serves as well.
      #expect(try once("--port", "\(port)", "--as", "robot-1", "--count", "5").allSatisfy { $0.outcome == "answered" })
    }
    load.process.send(SIGTERM)
    let done = try load.wait(for: "done")[0]
    #expect(done.failures == 0 && done.count ?? 0 > 0, "\(done)")
    let ended = Told.lines(service.output).filter { $0.event == "ended" }
    #expect(ended.map(\.count) == [0, 0, 0])
  }

  @Test("a name that wasn't passed keeps it from starting: status 2, and which were passed")
  func missing() throws {
    let path = workspace.file("other.sock")
    let router = try activate([path], names: "other")
    #expect(try once("--unix", path, "--as", "robot-1")[0].outcome != "answered")
    #expect(router.waitForExit(seconds: 180) == 2)
    #expect(router.output.contains("systemd passed no socket that is called api"), "\(router.output)")
    #expect(router.output.contains("passed were: other"))
  }

  @Test("what was passed to another process isn't taken")
  func another() throws {
    let output = try Tool.run(
      "env",
      workspace.environment + [
        "LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=api", "timeout", "120", "countersign", "router", "run",
        "--config", "router.yaml",
      ], in: workspace.directory.url)
    #expect(output.status == 2 && output.errors.contains("systemd passed no socket"), "\(output.errors)")
  }
}
