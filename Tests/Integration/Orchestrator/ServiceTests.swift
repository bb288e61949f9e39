import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("the orchestrator's life")
struct ServiceTests {
  @Test("it makes an intermediate under a root, serves over TLS, and ends when it is told to")
  func firstStart() throws {
    let orchestrator = try RunningOrchestrator()
    #expect(try orchestrator.curl("/healthz").text == "alive\n")
    let ready = try orchestrator.curl("/readyz").text
    #expect(ready.contains("\"ready\":true"))
    #expect(orchestrator.log.contains("the key of a root lies in this home"))
    let shown = try orchestrator.countersign("ca", "show").text
    #expect(shown.contains("issuer 2 (signs)") && shown.contains("path length  0"))
    let old = try Tool.run(
      "curl", ["-sS", "--max-time", "60", "--tls-max", "1.2", "--cacert", orchestrator.root, orchestrator.url])
    #expect(old.status == 35, "nothing older than TLS 1.3: \(old.errors)")
    // The plain listener has what must be plain, and nothing else.
    for (path, status) in [
      ("/healthz", "404"), ("/metrics", "404"), ("/v1/nodes", "404"), ("/.well-known/est/cacerts", "404"),
      ("/ocsp", "405"),
    ] {
      let answer = try Tool.require(
        "curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", orchestrator.publicURL + path])
      #expect(answer.text == status, "\(path)")
    }
    #expect(orchestrator.stop() == 0)
    let events = try orchestrator.countersign("events").text
    for kind in ["authority.intermediate", "service.started", "service.stopped"] { #expect(events.contains(kind)) }
    #expect(try orchestrator.countersign("events", "--verify").status == 0)
  }

  @Test("a second start keeps the certificate and needs no root key, and the desk neither")
  func restart() throws {
    let first = try RunningOrchestrator()
    let workspace = first.workspace
    let before = try workspace.text("home/service/current/tls.crt")
    #expect(first.stop() == 0)
    try workspace.bash(
      "countersign ca backup -o root.backup --no-passphrase --quiet || true; rm home/authority/issuer-1.key")
    let second = try RunningOrchestrator(workspace: workspace)
    #expect(try workspace.text("home/service/current/tls.crt") == before)
    #expect(!second.log.contains("the key of a root lies in this home"))
    #expect(try second.curl("/readyz").text.contains("\"ready\":true"))
    try workspace.bash(
      """
      countersign issue node-1 -o nodes --quiet
      countersign verify nodes/node-1.crt --trust ca.crt --quiet
      countersign revoke nodes/node-1.crt --quiet
      countersign crl -o ca.crl --quiet
      countersign ca show --quiet
      countersign status --quiet || true
      countersign events --verify --quiet
      """)
    #expect(second.stop() == 0)
  }

  @Test("a good configuration is taken on SIGHUP, and of a bad one nothing")
  func reload() throws {
    let orchestrator = try RunningOrchestrator()
    let workspace = orchestrator.workspace
    let old = try workspace.text("orchestrator.yaml")
    let more = old.replacingOccurrences(
      of: "[orchestrator.example.org]", with: "[orchestrator.example.org, other.example.org]")
    try Data(more.utf8).write(to: workspace.directory.file("orchestrator.yaml"))
    #expect(try orchestrator.reload().contains("configuration reloaded"))
    let resolve = "other.example.org:\(orchestrator.port):127.0.0.1"
    let other = "https://other.example.org:\(orchestrator.port)/healthz"
    try Tool.require("curl", ["-sS", "--cacert", orchestrator.root, "--resolve", resolve, other])

    for bad in ["names: [", old.replacingOccurrences(of: "listen: 127.0.0.1:0\npub", with: "listen: 127.0.0.1:1\npub")]
    {
      try Data(bad.utf8).write(to: workspace.directory.file("orchestrator.yaml"))
      #expect(try orchestrator.reload().contains("configuration refused"))
      try Tool.require("curl", ["-sS", "--cacert", orchestrator.root, "--resolve", resolve, other])
      #expect(try orchestrator.curl("/metrics").text.contains("\ncountersign_config_last_reload_successful 0\n"))
    }
    #expect(try orchestrator.countersign("events").text.contains("configuration.refused"))
    try Data(more.utf8).write(to: workspace.directory.file("orchestrator.yaml"))
    #expect(try orchestrator.reload().contains("configuration reloaded"))
    #expect(try orchestrator.curl("/metrics").text.contains("\ncountersign_config_last_reload_successful 1\n"))
  }

  @Test("what keeps it from starting is said, with the exit code of its kind")
  func refusals() throws {
    let workspace = try Workspace()
    func run(_ settings: String? = nil) throws -> Tool.Output {
      if let settings { try Data(settings.utf8).write(to: workspace.directory.file("orchestrator.yaml")) }
      return try workspace.countersign(["orchestrator", "run", "--config", workspace.file("orchestrator.yaml")])
    }
    #expect(try run().status == 2)
    let none = try run("listen: 127.0.0.1:0\n")
    #expect(none.status == 2 && none.errors.contains("there is no authority"))
    try workspace.bash(
      "echo right >pass; countersign ca create --name CA --passphrase-file pass --quiet; echo wrong >pass")
    let locked = try workspace.countersign(
      ["orchestrator", "run", "--config", workspace.file("orchestrator.yaml"), "--passphrase-file", "pass"])
    #expect(locked.status == 2 && locked.errors.contains("passphrase"))
    #expect(try run("listen: 127.0.0.1:0\nledger: {postgres: \"postgresql://db/x\"}\n").errors.contains("PostgreSQL"))
    try workspace.bash("echo right >pass")
    let taken = try PlaintextListener(greeting: "")
    try Data("listen: 127.0.0.1:\(taken.port)\n".utf8).write(to: workspace.directory.file("orchestrator.yaml"))
    let busy = try workspace.countersign(
      ["orchestrator", "run", "--config", workspace.file("orchestrator.yaml"), "--passphrase-file", "pass"])
    #expect(busy.status == 3 && busy.errors.contains("can't listen on 127.0.0.1:\(taken.port): it is in use"))
    #expect(busy.errors.contains("hint: "))
    #expect(try !workspace.countersign(["events"]).text.contains("service.started"))
  }

  @Test("a manager behind an abstract socket hears of it too")
  func abstractSocket() throws {
    let workspace = try Workspace()
    try workspace.bash(
      "countersign ca create --name CA --no-passphrase --quiet; countersign ca bundle -o ca.crt --quiet")
    try RunningOrchestrator.configure(workspace, settings: "")
    let orchestrator = try RunningOrchestrator(
      in: workspace, managerName: "@countersign-\(UInt32.random(in: 0 ... .max))")
    orchestrator.process.send(SIGTERM)
    try orchestrator.wait(for: "STOPPING=1")
    #expect(orchestrator.process.waitForExit(seconds: 60) == 0)
  }
}
