import Foundation
import Glibc
import PKITestKit

/// `countersign orchestrator run` as an operator starts it: a home with a root, orchestrator.yaml, ports of the system's
/// choice. It is stopped with its owner.
///
///     let orchestrator = try RunningOrchestrator(settings: "admission: {tokens: true}")
///     try orchestrator.curl("/readyz")
final class RunningOrchestrator: Sendable {
  let workspace: Workspace
  let process: BackgroundProcess
  let manager: NotifySocket
  /// Of the TLS listener.
  let port: Int
  /// Of the plain one.
  let publicPort: Int

  /// Where the TLS listener is.
  var url: String { "https://localhost:\(port)" }
  /// Where the plain one is.
  var publicURL: String { "http://127.0.0.1:\(publicPort)" }
  /// PEM: what nodes trust.
  var root: String { workspace.file("ca.crt") }
  /// Its log so far: a JSON object a line.
  var log: String { process.output }

  /// Starts it and returns once it is ready.
  /// - Parameters:
  ///   - settings: lines of orchestrator.yaml beside listen, publicListen and names.
  ///   - workspace: one in which an orchestrator ran before, for a second start; else a new one.
  ///   - prepare: bash, run in the workspace before the start of a new one.
  convenience init(
    settings: String = "", workspace: Workspace? = nil, prepare: String = "", flags: [String] = []
  ) throws {
    let place: Workspace
    if let workspace {
      place = workspace
    } else {
      place = try Workspace()
      try place.bash(
        """
        countersign ca create --name "Example Root CA" --no-passphrase --quiet
        countersign ca bundle -o ca.crt --quiet
        \(prepare)
        """)
    }
    try Self.configure(place, settings: settings)
    try self.init(in: place, flags: flags)
  }

  /// Starts it with the orchestrator.yaml that is in the workspace.
  init(in workspace: Workspace, flags: [String] = [], managerName: String? = nil) throws {
    self.workspace = workspace
    let number = UInt32.random(in: .min ... .max)
    manager = try NotifySocket(managerName ?? workspace.file("notify-\(number)"))
    process = try BackgroundProcess(
      ["env"] + workspace.environment + ["NOTIFY_SOCKET=\(manager.name)", "countersign", "orchestrator", "run"]
        + ["--config", workspace.file("orchestrator.yaml")] + flags,
      in: workspace.path, log: workspace.directory.file("orchestrator-\(number).log"))
    try Self.wait(for: "READY=1", of: process, at: manager)
    port = try Self.port("listen", in: process.output)
    publicPort = (try? Self.port("publicListen", in: process.output)) ?? 0
  }

  /// Writes orchestrator.yaml.
  static func configure(_ workspace: Workspace, settings: String) throws {
    let text = """
      listen: 127.0.0.1:0
      publicListen: 127.0.0.1:0
      names: [orchestrator.example.org]
      \(settings)

      """
    try Data(text.utf8).write(to: workspace.directory.file("orchestrator.yaml"))
  }

  /// Waits until it tells its manager so.
  func wait(for message: String) throws { try Self.wait(for: message, of: process, at: manager) }

  /// Waits until its log has that text.
  func waitForLog(_ text: String, seconds: Double = 180) throws {
    let end = Date().addingTimeInterval(seconds)
    while !log.contains(text) {
      guard Date() < end, process.isRunning else { throw Tool.Failure(description: "no \"\(text)\" in\n\(log)") }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// SIGHUP, and what came of it: the log's line.
  @discardableResult
  func reload() throws -> String {
    let lines = log.split(separator: "\n").count
    process.send(SIGHUP)
    try wait(for: "RELOADING=1")
    try wait(for: "READY=1")
    return log.split(separator: "\n").dropFirst(lines).joined(separator: "\n")
  }

  /// SIGTERM, and the exit status; nil where it doesn't end.
  @discardableResult
  func stop(seconds: Double = 180) -> Int32? {
    process.send(SIGTERM)
    return process.waitForExit(seconds: seconds)
  }

  /// Runs curl on a path of the TLS listener, and throws where curl fails.
  @discardableResult
  func curl(_ path: String, _ flags: String...) throws -> Tool.Output {
    try Tool.require("curl", ["-sS", "--max-time", "60", "--cacert", root] + flags + [url + path])
  }

  /// Runs `countersign` in the workspace, with the same home.
  @discardableResult
  func countersign(_ arguments: String...) throws -> Tool.Output { try workspace.countersign(arguments) }

  private static func wait(for message: String, of process: BackgroundProcess, at manager: NotifySocket) throws {
    let end = Date().addingTimeInterval(180)
    while Date() < end {
      if let said = manager.next(milliseconds: 100), said.split(separator: "\n").contains(Substring(message)) { return }
      guard process.isRunning else { break }
    }
    throw Tool.Failure(description: "the orchestrator didn't say \(message):\n\(process.output)")
  }

  /// The port of an address in the log line that says where it listens.
  private static func port(_ field: String, in log: String) throws -> Int {
    struct Line: Decodable {
      var message: String
      var listen: String?
      var publicListen: String?
    }
    let lines = log.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    let line = lines.last { $0.message == "listening" }
    let address = field == "listen" ? line?.listen : line?.publicListen
    guard let port = address?.split(separator: ":").last.flatMap({ Int($0) }) else {
      throw Tool.Failure(description: "the log doesn't say where it listens:\n\(log)")
    }
    return port
  }
}
