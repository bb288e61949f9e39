import Foundation
import Glibc
import PKITestKit
import Testing

/// Names lead to 127.0.0.N, each of which is a backend that says which it is.
@Suite("names are resolved again and again")
struct ResolutionTests {
  let workspace: Workspace
  let admin: AdminClient
  private let world: BackgroundProcess

  /// A network of its own, in which a name server says what zone.json holds.
  init() throws {
    workspace = try Workspace()
    admin = AdminClient(workspace: workspace)
    try workspace.write("{}", to: "zone.json")
    world = try Self.world(in: workspace)
  }

  private static func world(in workspace: Workspace, _ flags: String...) throws -> BackgroundProcess {
    let rights = geteuid() == 0 ? [] : ["--map-root-user"]
    let world = try workspace.startClients(["world"] + flags, by: ["unshare"] + rights + ["--net", "--mount"])
    try world.wait(for: "listening")
    return world
  }

  private func zone(_ records: String) throws { try workspace.write("{\(records)}", to: "zone.json") }

  /// A router there. It is reached by Unix sockets, which have no network.
  /// - Parameter other: another such network.
  private func router(
    to endpoints: String, resolve: String = "1s", in other: BackgroundProcess? = nil
  ) throws -> BackgroundProcess {
    try workspace.write(yaml(to: endpoints, resolve: resolve), to: "router.yaml")
    let rights = geteuid() == 0 ? [] : ["--user", "--preserve-credentials"]
    let router = try workspace.start(
      ["bash", "-c", "cd \"$0\" && exec countersign router run --config router.yaml", workspace.path],
      by: ["nsenter", "--target", "\((other ?? world).pid)"] + rights + ["--net", "--mount"])
    try router.wait(for: "\"listener\":\"web\"")
    return router
  }

  private func yaml(to endpoints: String, resolve: String) -> String {
    """
    admin: admin.sock
    workers: 2
    listeners:
      - {name: in, listen: "unix:\(workspace.file("in.sock"))", to: back}
      - {name: web, listen: "unix:\(workspace.file("web.sock"))", protocol: http, to: back}
    clusters:
      - {name: back, endpoints: [\(endpoints)], resolve: \(resolve)}

    """
  }

  private static let question = "Which address is this?"

  /// The address to which a new connection goes; nil where it is ended.
  private func address() throws -> String? {
    let told = try Peer.run(
      ["once", "--unix", workspace.file("in.sock"), "--plain", "--text", Self.question], in: workspace)[0]
    return told.detail?.split(separator: " ").first.map(String.init)
  }

  private func addresses(_ count: Int = 6) throws -> Set<String?> { try Set((1...count).map { _ in try address() }) }

  private func known() throws -> Set<String> { try Set(admin.status().clusters[0].endpoints.map(\.address)) }

  private struct Status: Decodable {
    struct Cluster: Decodable { var unresolved: [String] }

    var clusters: [Cluster]
  }

  /// The names that `/status` says not to resolve.
  private func unresolved() throws -> [String] {
    try admin.ask("/status").decoded(as: Status.self).clusters.flatMap(\.unresolved)
  }

  private static let missing = "\"level\":\"error\",\"message\":\"names can't be resolved\""

  @Test("new connections go where a name leads now, open ones stay")
  func moved() throws {
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    let router = try router(to: "\"a.example.org:7001\"")
    #expect(try addresses() == ["127.0.0.2"])
    let held = try Peer(
      ["hold", "--unix", workspace.file("in.sock"), "--plain", "--text", Self.question], in: workspace)
    try held.wait(for: "open")
    try zone(#""a.example.org": ["127.0.0.3", "127.0.0.4"]"#)
    try waitUntil("it has moved") { try known() == ["127.0.0.3:7001", "127.0.0.4:7001"] }
    #expect(try addresses() == ["127.0.0.3", "127.0.0.4"])
    held.poke()
    #expect(try held.wait(for: "answer")[0].detail?.hasPrefix("127.0.0.2 ") == true)
    #expect(router.isRunning)
  }

  @Test("requests follow a name too, whatever connections are kept")
  func requests() throws {
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    let router = try router(to: "\"a.example.org:8001\"")
    let web = AdminClient(workspace: workspace, socket: "web.sock")
    for _ in 1...4 { #expect(try web.ask("/").body == "127.0.0.2") }
    try zone(#""a.example.org": ["127.0.0.3"]"#)
    try waitUntil("it has moved") { try known() == ["127.0.0.3:8001"] }
    for _ in 1...4 { #expect(try web.ask("/").body == "127.0.0.3") }
    #expect(router.isRunning)
  }

  @Test("a name that nobody knows any more, or that can't be asked for, leads where it led", arguments: ["", "null"])
  func vanished(record: String) throws {
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    let router = try router(to: "\"a.example.org:7001\"")
    #expect(try address() == "127.0.0.2")
    try zone(record.isEmpty ? "" : #""a.example.org": \#(record)"#)
    try router.wait(for: Self.missing)
    #expect(try addresses() == ["127.0.0.2"])
    router.send(SIGHUP)
    try router.wait(for: "\"reloaded\"")
    #expect(try addresses() == ["127.0.0.2"])
    try zone(#""a.example.org": ["127.0.0.5"]"#)
    try waitUntil("it has moved") { try known() == ["127.0.0.5:7001"] }
    #expect(try addresses() == ["127.0.0.5"])
  }

  @Test("where one of several can't be resolved, it leads where it led, and the log says so")
  func oneVanished() throws {
    try zone(#""a.example.org": ["127.0.0.2"], "b.example.org": ["127.0.0.3"]"#)
    let router = try router(to: #""a.example.org:7001", "b.example.org:7001""#)
    #expect(try addresses() == ["127.0.0.2", "127.0.0.3"])
    try zone(#""a.example.org": null, "b.example.org": ["127.0.0.4"]"#)
    try waitUntil("the other one has moved") { try known().contains("127.0.0.4:7001") }
    #expect(try known() == ["127.0.0.2:7001", "127.0.0.4:7001"])
    #expect(try addresses() == ["127.0.0.2", "127.0.0.4"])
    router.send(SIGHUP)
    try router.wait(for: "\"reloaded\"")
    #expect(try known() == ["127.0.0.2:7001", "127.0.0.4:7001"])
    #expect(router.output.contains("names can't be resolved"))
  }

  @Test("one that leads nowhere yet doesn't keep it from starting, and serves once it leads somewhere")
  func late() throws {
    let router = try router(to: "\"a.example.org:7001\"")
    #expect(try address() == nil)
    try router.wait(for: "\"outcome\":\"backend-none\"")
    #expect(try AdminClient(workspace: workspace, socket: "web.sock").ask("/").status == 503)
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    try waitUntil("it is found") { try known() == ["127.0.0.2:7001"] }
    #expect(try addresses() == ["127.0.0.2"])
  }

  @Test("of SRV records those of the lowest priority serve, each at its port, and they may change")
  func service() throws {
    let hosts = #""a.example.org": ["127.0.0.2"], "b.example.org": ["127.0.0.3", "127.0.0.4"]"#
    let name = "_nats._tcp.example.org"
    let records = #"[1, 7001, "a.example.org"], [1, 7002, "b.example.org"], [2, 7002, "a.example.org"]"#
    try zone(#"\#(hosts), "\#(name)": [\#(records)]"#)
    let router = try router(to: "\"srv:\(name)\"")
    #expect(try known() == ["127.0.0.2:7001", "127.0.0.3:7002", "127.0.0.4:7002"])
    #expect(try addresses() == ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
    try zone(#"\#(hosts), "\#(name)": [[9, 7002, "a.example.org"]]"#)
    try waitUntil("it has moved") { try known() == ["127.0.0.2:7002"] }
    #expect(try addresses() == ["127.0.0.2"])
    try zone(hosts)
    try router.wait(for: Self.missing)
    #expect(try addresses() == ["127.0.0.2"])
  }

  // MARK: What is told of it

  @Test("a name that nobody knows is told at the start and at a reload, and /status has it")
  func toldAtOnce() throws {
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    // The timer doesn't come while this lasts.
    let router = try router(to: #""a.example.org:7001", "b.example.org:7001""#, resolve: "10h")
    #expect(router.output.contains("\(Self.missing),\"cluster\":\"back\",\"names\":\"b.example.org:7001\""))
    #expect(try unresolved() == ["b.example.org:7001"])
    try workspace.write(
      yaml(to: #""c.example.org:7001", "a.example.org:7001", "b.example.org:7001""#, resolve: "10h"), to: "router.yaml")
    router.send(SIGHUP)
    try router.wait(for: "\"reloaded\"")
    #expect(router.output.contains("\"names\":\"c.example.org:7001, b.example.org:7001\""), "\(router.output)")
    #expect(try unresolved() == ["c.example.org:7001", "b.example.org:7001"])
    #expect(try known() == ["127.0.0.2:7001"])
  }

  @Test("it is told again where other names are missing, not each time, and told when none is missing any more")
  func toldOnce() throws {
    try zone(#""a.example.org": ["127.0.0.2"]"#)
    let router = try router(to: #""a.example.org:7001", "b.example.org:7001""#)
    // Some rounds in which nothing changes.
    Thread.sleep(forTimeInterval: 4)
    try zone("")
    try router.wait(for: "\"names\":\"a.example.org:7001, b.example.org:7001\"")
    Thread.sleep(forTimeInterval: 4)
    #expect(router.output.components(separatedBy: Self.missing).count - 1 == 2, "\(router.output)")
    #expect(!router.output.contains("all names resolve again"))
    #expect(try unresolved() == ["a.example.org:7001", "b.example.org:7001"])
    try zone(#""a.example.org": ["127.0.0.2"], "b.example.org": ["127.0.0.3"]"#)
    try router.wait(for: "\"level\":\"info\",\"message\":\"all names resolve again\"")
    #expect(try unresolved().isEmpty)
    Thread.sleep(forTimeInterval: 2)
    #expect(router.output.components(separatedBy: "all names resolve again").count - 1 == 1)
  }

  @Test("while no name server answers, a file that changes is taken all the same", arguments: [true, false])
  func silent(wasKnown: Bool) throws {
    // A question takes two seconds then. One after the other, these would take minutes.
    let world = try Self.world(in: workspace, "--patience", "1")
    let names = (1...60).map { "n\($0).example.org" }
    let all = names.map { "\"\($0)\": [\"127.0.0.2\"]" }.joined(separator: ", ")
    let endpoints = names.map { "\"\($0):7001\"" }.joined(separator: ", ")
    defer { world.send(SIGCONT) }
    if wasKnown { try zone(all) } else { world.send(SIGSTOP) }
    let router = try router(to: endpoints, in: world)
    world.send(SIGSTOP)
    try router.wait(for: Self.missing, seconds: 60)
    try workspace.write(workspace.text("router.yaml") + "# changed\n", to: "router.yaml")
    try router.wait(for: "\"reloaded\"", seconds: 60)
    let expected: Set<String> = wasKnown ? ["127.0.0.2:7001"] : []
    #expect(try known() == expected)
    try zone(all)
    world.send(SIGCONT)
    try router.wait(for: "all names resolve again")
    #expect(try known() == ["127.0.0.2:7001"])
  }
}
