import Foundation
import Glibc
import PKITestKit
import Testing

/// These need root, as CI has it: only root can become somebody else.
@Suite("what the router gives up")
struct PrivilegesTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    try #require(geteuid() == 0, "these tests have to be run by root")
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
    try workspace.bash("chmod 755 . pki; mkdir run elsewhere; chmod 777 run elsewhere")
  }

  private func configuration(_ top: String) -> OneListener {
    OneListener(to: backend.port).with { $0.top = "admin: run/admin.sock\nworkers: 2\n\(top)" }
  }

  private var admin: AdminClient { AdminClient(workspace: workspace, socket: "run/admin.sock") }

  private struct Rights: Hashable {
    var thread: String
    /// Real, effective, saved, and that of file systems.
    var users: [String]
    var groups: [String]
    var others: [String]
    /// Inheritable, permitted, effective and ambient ones.
    var capabilities: [String]
    /// Whatever it runs, it gets no more rights: with Landlock each thread has said so.
    var getsNoNew: Bool
  }

  /// Of each thread: the kernel knows no rights of a process as a whole.
  private func rights(of process: BackgroundProcess) throws -> [Rights] {
    let folder = "/proc/\(process.pid)/task"
    return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { thread in
      // Some come and go.
      guard let handle = FileHandle(forReadingAtPath: "\(folder)/\(thread)/status"),
        let data = try? handle.readToEnd()
      else { return nil }
      let text = String(decoding: data, as: UTF8.self)
      var fields: [String: [String]] = [:]
      for line in text.split(separator: "\n") {
        let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).map(String.init)
        fields[words[0]] = Array(words.dropFirst())
      }
      return Rights(
        thread: fields["Name:"]?.first ?? "", users: fields["Uid:"] ?? [], groups: fields["Gid:"] ?? [],
        others: fields["Groups:"] ?? [],
        capabilities: ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"].flatMap { fields[$0] ?? [] },
        getsNoNew: fields["NoNewPrivs:"] == ["1"])
    }
  }

  /// Writes router.yaml, for whomever the router has become, and reloads.
  private func reload(_ router: RunningRouter, _ yaml: String) throws -> String {
    try workspace.write(yaml, to: "router.yaml")
    try workspace.bash("chmod 644 router.yaml")
    return try router.reload()
  }

  private func id(_ words: String) throws -> String {
    try workspace.bash(words).text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Started with groups that root may have at home.
  private func start() throws -> BackgroundProcess {
    let process = try workspace.start(
      ["countersign", "router", "run", "--config", "router.yaml"], by: ["setpriv", "--groups", "4,20"])
    // What it says first, its workers do a moment later.
    try process.wait(for: "\"listener\":\"in\"")
    try waitUntil("its workers run") {
      try rights(of: process).filter { $0.thread.hasPrefix("worker-") }.count == 2
    }
    return process
  }

  @Test(
    "every thread is of that user and group, has no other groups and no capabilities",
    arguments: [
      ("user: nobody", "id -u nobody", "id -g nobody"),
      ("user: nobody\ngroup: daemon", "id -u nobody", "getent group daemon | cut -d: -f3"),
      ("user: \"54321\"\ngroup: \"54322\"", "echo 54321", "echo 54322"),
    ])
  func dropped(top: String, user: String, group: String) throws {
    try workspace.write(configuration(top).yaml, to: "router.yaml")
    let router = try start()
    let (user, group) = (try id(user), try id(group))
    let none = String(repeating: "0", count: 16)
    let threads = try rights(of: router)
    #expect(threads.filter { $0.thread.hasPrefix("worker-") }.count == 2)
    for rights in threads {
      #expect(rights.users == Array(repeating: user, count: 4), "\(rights)")
      #expect(rights.groups == Array(repeating: group, count: 4), "\(rights)")
      #expect(rights.others.isEmpty, "\(rights)")
      #expect(rights.capabilities == Array(repeating: none, count: 4), "\(rights)")
    }
  }

  @Test("a user without a group of its own doesn't keep root's")
  func numberAlone() throws {
    try workspace.write(configuration("user: \"54321\"").yaml, to: "router.yaml")
    let router = try workspace.start(
      ["countersign", "router", "run", "--config", "router.yaml"], by: ["setpriv", "--groups", "4,20"])
    try waitUntil("it listens, or says that it can't") {
      router.output.contains("\"listener\":\"in\"") || !router.isRunning
    }
    guard router.isRunning else {
      #expect(router.waitForExit(seconds: 1) == 2 && router.output.contains("group"), "\(router.output)")
      return
    }
    for rights in try rights(of: router) {
      #expect(!rights.groups.contains("0") && rights.others.isEmpty, "\(rights)")
    }
  }

  @Test("the key may be root's at the start, which is told; at a reload it has to be readable, and is taken once it is")
  func key() throws {
    let yaml = configuration("user: nobody").yaml
    let router = try RunningRouter(yaml, in: workspace)
    #expect(try workspace.bash("mode pki/localhost.key").text == "600 pki/localhost.key\n")
    let warnings = router.log.split(separator: "\n").filter { $0.contains("a reload will not be able to read pki/") }
    #expect(warnings.count == 1 && warnings[0].contains("pki/localhost.key"), "\(router.log)")
    #expect(warnings.allSatisfy { $0.contains("\"level\":\"warning\"") && $0.contains("\"user\":\"nobody\"") })
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    let refused = try reload(router, yaml)
    #expect(refused.contains("nothing was changed") && refused.contains("pki/localhost.key"), "\(refused)")
    #expect(refused.contains("permission denied"))
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    // Neither its content nor the time of its last change tells that.
    try workspace.bash("chown nobody pki/localhost.key")
    try waitUntil("it is taken") { router.log.contains("\"reloaded\"") }
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("a user that isn't there, and one that somebody else than root names, keep it from starting")
  func impossible() throws {
    try workspace.write(configuration("user: no-such-user").yaml, to: "router.yaml")
    let run = "countersign router run --config router.yaml"
    let unknown = try workspace.bash("status=0; timeout 120 \(run) 2>&1 || status=$?; echo $status").text
    #expect(unknown.contains("error: there is no user \"no-such-user\"") && unknown.hasSuffix("\n2\n"), "\(unknown)")
    try workspace.write(configuration("user: daemon").yaml, to: "router.yaml")
    // setpriv may start what lies in a folder of root's own; what it starts may not.
    let nobody = "timeout 120 setpriv --reuid=65534 --regid=65534 --clear-groups"
    let other = try workspace.bash(
      "chmod 644 pki/*; rm run/admin.sock; status=0; \(nobody) \(run) 2>&1 || status=$?; echo $status"
    ).text
    #expect(other.contains("only root can become another user") && other.hasSuffix("\n3\n"), "\(other)")
  }

  // MARK: Landlock

  private static let notice = "this kernel can't close file systems to a process (Landlock)"

  /// Asked as the router asks: landlock_create_ruleset(2) for its version.
  private func kernelHasLandlock() throws -> Bool {
    let script = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))"
    return Int(try id("'\(Workspace.tools)/python' -c '\(script)'")) ?? 0 > 0
  }

  /// With a further listener on a Unix socket in this folder.
  private func yaml(_ top: String = "", socketIn folder: String) -> String {
    configuration(top).yaml.replacing(
      "clusters:", with: "  - {name: more, listen: \"unix:\(workspace.file(folder))/more.sock\", to: back}\nclusters:")
  }

  @Test(
    "every thread is closed to file systems, but for the folders of its own sockets", arguments: ["", "user: nobody"])
  func restricted(top: String) throws {
    try workspace.bash("chmod 644 pki/*")
    let router = try RunningRouter(configuration(top).yaml, in: workspace)
    guard try kernelHasLandlock() else {
      #expect(router.log.contains(Self.notice))
      return
    }
    #expect(!router.log.contains(Self.notice))
    for rights in try rights(of: router.process) { #expect(rights.getsNoNew, "\(rights)") }
    // Whatever asks for the reload: it makes no socket where none was.
    for _ in 1...5 {
      let refused = try reload(router, yaml(top, socketIn: "elsewhere"))
      #expect(refused.contains("nothing was changed") && refused.contains("Permission denied"), "\(refused)")
    }
    let answer = try admin.ask("/reload", ["-X", "POST"])
    #expect(answer.status == 409 && answer.body.contains("Permission denied"), "\(answer)")
    #expect(!FileManager.default.fileExists(atPath: workspace.file("elsewhere/more.sock")))
    #expect(try reload(router, yaml(top, socketIn: "run")).contains("reloaded"))
    let told = try Peer.run(["once", "--unix", workspace.file("run/more.sock"), "--plain"], in: workspace)
    #expect(told[0].outcome == "answered")
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("a kernel without Landlock is a notice in the log, and the router serves")
  func unrestricted() throws {
    try workspace.write(yaml(socketIn: "run"), to: "router.yaml")
    let router = try workspace.startClients(
      ["without-landlock", "--", "countersign", "router", "run", "--config", "router.yaml"])
    try router.wait(for: "\"listener\":\"more\"")
    let notices = router.output.split(separator: "\n").filter { $0.contains(Self.notice) }
    #expect(notices.count == 1 && notices[0].contains("\"level\":\"notice\""), "\(router.output)")
    let told = try Peer.run(["once", "--unix", workspace.file("run/more.sock"), "--plain"], in: workspace)
    #expect(told[0].outcome == "answered")
    try workspace.write(yaml(socketIn: "elsewhere"), to: "router.yaml")
    #expect(try admin.ask("/reload", ["-X", "POST"]).status == 204)
    #expect(FileManager.default.fileExists(atPath: workspace.file("elsewhere/more.sock")))
  }
}
