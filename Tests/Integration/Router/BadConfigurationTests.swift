import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("a configuration that can't be used")
struct BadConfigurationTests {
  /// What is put in the place of what, and a part of what is said of it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let text: String
    let replacement: String
    let message: String

    init(_ text: String, _ replacement: String, _ message: String) {
      self.text = text
      self.replacement = replacement
      self.message = message
    }

    var testDescription: String { message }
  }

  static let mistakes = [
    Mistake("listeners:", "listeners: [", "router.yaml:"),
    Mistake("clients:", "clientz:", "unknown key \"clientz\""),
    Mistake("to: back", "to: bakc", "there is no cluster \"bakc\""),
    Mistake("allow: [{any: true}]", "allow: []", "nobody could pass"),
    Mistake("allow: [{any: true}]", "allow: [{}]", "router.yaml:"),
    Mistake("clients: {trust: pki/ca.crt, allow: [{any: true}]}", "", "every client could connect"),
    Mistake(
      "key: pki/localhost.key", "key: pki/robot-1.key",
      "listeners[in].identity.cert: pki/localhost.crt: pki/robot-1.key holds the key of another certificate"),
    Mistake("key: pki/localhost.key", "key: pki/none.key", "listeners[in].identity.key: pki/none.key can't be read"),
    Mistake(
      "{cert: pki/localhost.crt, key: pki/localhost.key}",
      "{cert: expired/localhost.crt, key: expired/localhost.key}",
      "listeners[in].identity.cert: expired/localhost.crt: it is valid from"),
    Mistake("trust: pki/ca.crt", "trust: pki/none.crt", "listeners[in].clients.trust: pki/none.crt can't be read"),
    Mistake(
      "trust: pki/ca.crt", "trust: pki/robot-1.key",
      "listeners[in].clients.trust: pki/robot-1.key: it holds no certificate"),
    Mistake(
      "trust: pki/ca.crt", "crl: pki/ca.crt, trust: pki/ca.crt",
      "listeners[in].clients.crl: pki/ca.crt: it holds no CRL"),
    Mistake(
      "trust: pki/ca.crt", "crl: pki/none.crl, trust: pki/ca.crt",
      "listeners[in].clients.crl: pki/none.crl can't be read"),
    Mistake(
      "- name: back\n", "- name: back\n    tls: {trust: pki/none.crt}\n",
      "clusters[back].tls.trust: pki/none.crt can't be read"),
    Mistake(
      "- name: back\n",
      "- name: back\n    tls: {trust: pki/ca.crt, identity: {cert: pki/robot-1.crt, key: pki/localhost.key}}\n",
      "clusters[back].tls.identity.cert: pki/robot-1.crt: pki/localhost.key holds the key of another certificate"),
    Mistake(
      "- name: back\n", "- name: back\n    tls: {trust: pki/ca.crt, crl: pki/robot-1.key}\n",
      "clusters[back].tls.crl: pki/robot-1.key: it holds no CRL"),
    Mistake(
      """
      listen: 127.0.0.1:0
          identity: {cert: pki/localhost.crt, key: pki/localhost.key}
          clients: {trust: pki/ca.crt, allow: [{any: true}]}
      """, "listen: 0.0.0.0:0", "no TLS on"),
    Mistake("name: back", "name: \"b a c k\"", "router.yaml:"),
  ]

  let workspace: Workspace
  let backend: Peer
  let good: String

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    try workspace.bash(
      """
      countersign issue localhost --lifetime 1s --profile server -o expired --quiet
      while openssl x509 -in expired/localhost.crt -noout -checkend 0 >/dev/null; do sleep 0.1; done
      """)
    backend = try .backend("echo", in: workspace)
    good = OneListener(to: backend.port).yaml
  }

  @Test("changes nothing on SIGHUP: each mistake is told, open connections and new ones go on under the old one")
  func reload() throws {
    let router = try RunningRouter(good, in: workspace)
    let held = try router.hold(2, as: "robot-1")
    for (number, mistake) in Self.mistakes.enumerated() {
      let message = try router.reload(good.replacing(mistake.text, with: mistake.replacement))
      #expect(message.contains("nothing was changed") && message.contains(mistake.message), "\(mistake): \(message)")
      held.poke()
      try held.wait(for: "answer", count: 2 * (number + 1))
      #expect(try router.exchange(as: "robot-1").outcome == "answered", "\(mistake)")
    }
    try workspace.bash("rm router.yaml")
    #expect(try router.reload().contains("nothing was changed"))
    #expect(held.events("end").isEmpty)
    #expect(try router.reload(good).contains("reloaded"))
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  private func start() throws -> Tool.Output {
    try Tool.run(
      "env", workspace.environment + ["timeout", "120", "countersign", "router", "run", "--config", "router.yaml"],
      in: workspace.directory.url)
  }

  @Test("keeps it from starting: status 2, the mistake, and what would help", arguments: BadConfigurationTests.mistakes)
  func start(_ mistake: Mistake) throws {
    try workspace.write(good.replacing(mistake.text, with: mistake.replacement), to: "router.yaml")
    let output = try start()
    let lines = output.errors.split(separator: "\n")
    #expect(output.status == 2 && output.text.isEmpty, "\(output.text)\(output.errors)")
    #expect(lines.first?.hasPrefix("error: ") == true && lines.first?.contains(mistake.message) == true, "\(lines)")
    #expect(lines.dropFirst().first?.hasPrefix("hint: ") == true, "\(lines)")
  }

  @Test("an address that is taken: status 3, and nothing changes on SIGHUP")
  func taken() throws {
    let taken = good.replacing("127.0.0.1:0", with: "127.0.0.1:\(backend.port)")
    try workspace.write(taken, to: "router.yaml")
    let output = try start()
    let place = "listeners[in].listen: 127.0.0.1:\(backend.port)"
    #expect(output.status == 3 && output.errors.contains(place), "\(output.errors)")
    #expect(output.errors.contains("hint: "))
    let router = try RunningRouter(good, in: workspace)
    #expect(try router.reload(taken).contains("nothing was changed"))
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("a good one is taken on SIGHUP: a listener that is new, one that moves, one that goes")
  func changed() throws {
    let router = try RunningRouter(good, in: workspace)
    let port = try ServerProcess.freePort()
    let second = "  - {name: second, listen: \"127.0.0.1:\(port)\", to: back}\nclusters:"
    #expect(try router.reload(good.replacing("clusters:", with: second)).contains("reloaded"))
    let words = ["once", "--port", "\(port)", "--plain"]
    #expect(try Peer.run(words, in: workspace)[0].outcome == "answered")
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    #expect(try router.reload(good).contains("reloaded"))
    let end = Date().addingTimeInterval(180)
    while try Peer.run(words, in: workspace)[0].outcome != "unreachable" {
      guard Date() < end else { throw Tool.Failure(description: "it still listens:\n\(router.log)") }
    }
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("a file that comes later than the configuration that names it is noticed")
  func late() throws {
    let router = try RunningRouter(good, in: workspace)
    let early = good.replacing("trust: pki/ca.crt", with: "trust: later.crt")
    #expect(try router.reload(early).contains("later.crt can't be read"))
    try workspace.bash(
      "countersign --home other ca create --name Other --no-passphrase --quiet; countersign --home other issue x -o other-pki --quiet; cp other-pki/ca.crt later.crt"
    )
    let end = Date().addingTimeInterval(180)
    while Date() < end, !router.log.contains("\"reloaded\"") { Thread.sleep(forTimeInterval: 0.05) }
    #expect(router.log.contains("\"reloaded\""), "\(router.log)")
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("unknown ca"))
  }

  @Test("what couldn't be done is tried again although no file changes; the same reason is told to who asks, else once")
  func triedAgain() throws {
    let router = try RunningRouter(good, in: workspace)
    // A port that nobody else is given once it is free again.
    let port = try ServerProcess.freePort()
    let other = try Peer.backend("echo", "--port", "\(port)", in: workspace)
    let more = "  - {name: more, listen: \"127.0.0.1:\(port)\", to: back}\nclusters:"
    #expect(try router.reload(good.replacing("clusters:", with: more)).contains("nothing was changed"))
    #expect(try router.reload().contains("nothing was changed"))
    // Some attempts that nobody asks for.
    let told = router.lines("nothing was changed")
    Thread.sleep(forTimeInterval: 25)
    #expect(router.lines("nothing was changed") == told, "\(router.log)")
    other.process.send(SIGTERM)
    try waitUntil("it is taken") { router.lines("\"reloaded\"") > 0 }
    #expect(try Peer.run(["once", "--port", "\(port)", "--plain"], in: workspace)[0].outcome == "answered")
    #expect(router.lines("nothing was changed") == told, "\(router.log)")
  }

  @Test("what only a restart puts in force is told by its key, once")
  func inVain() throws {
    let configuration = OneListener(to: backend.port)
    let router = try RunningRouter(configuration.with { $0.top = "workers: 2" }.yaml, in: workspace)
    #expect(try router.reload().contains("reloaded"))
    #expect(!router.log.contains("only a restart"))
    let changed = configuration.with { $0.top = "workers: 3\nlog: {level: debug}" }.yaml
    #expect(try router.reload(changed).contains("reloaded"))
    for key in ["workers", "log.level"] {
      let warning = "\"level\":\"warning\",\"message\":\"\(key) was changed, and only a restart puts that in force\""
      #expect(router.lines(warning) == 1, "\(router.log)")
    }
    #expect(try router.reload(changed + "# again\n").contains("reloaded"))
    #expect(try router.reload(configuration.with { $0.top = "workers: 2" }.yaml).contains("reloaded"))
    #expect(router.lines("only a restart") == 2, "\(router.log)")
  }
}
