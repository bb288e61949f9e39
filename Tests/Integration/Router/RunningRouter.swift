import Foundation
import Glibc
import PKITestKit

/// `countersign router run` as an operator starts it: in a workspace with certificates and a router.yaml, on ports of the
/// system's choice. It is stopped with its owner.
///
///     let router = try RunningRouter(OneListener(to: backend.port).yaml, in: workspace)
///     #expect(try router.exchange(as: "robot-1").outcome == "answered")
final class RunningRouter: Sendable {
  let workspace: Workspace
  let process: BackgroundProcess
  /// Its configuration's name in the workspace.
  private let file: String
  private let access: URL
  private let ports: [String: Int]

  /// Its log so far: a JSON object a line.
  var log: String { process.output }

  /// Writes router.yaml, and returns once all listeners listen: from then on the kernel takes connections.
  /// - Parameter file: another name for it. Of two routers in a workspace each needs its own, since each takes over what
  ///   is written there later, a second or two after.
  init(_ yaml: String, in workspace: Workspace, as file: String = "router.yaml") throws {
    self.workspace = workspace
    self.file = file
    try workspace.write(yaml, to: file)
    let number = UInt32.random(in: .min ... .max)
    access = workspace.directory.file("access-\(number).log")
    process = try BackgroundProcess(
      ["env"] + workspace.environment
        + ["bash", "-c", "exec countersign router run --config \"$1\" >\"$0\"", access.path, file],
      in: workspace.path, log: workspace.directory.file("router-\(number).log"))
    ports = try Self.ports(yaml.components(separatedBy: "listen: ").count - 1, of: process)
  }

  /// Where a listener is; 0 where there is none of that name, or it isn't on a port.
  func port(of listener: String = "in") -> Int { ports[listener] ?? 0 }

  // MARK: Logs

  struct LogLine: Decodable {
    var time: String
    var level: String
    var message: String
    var reason: String?
    var listener: String?
    var address: String?
  }

  /// A line of the access log.
  struct AccessLine: Decodable {
    var time: String
    var listener: String
    var client: String
    var outcome: String
    var reason: String?
    var id: String?
    var subject: String?
    var rule: String?
    var resumed: Bool?
    var sni: String?
    var cluster: String?
    var endpoint: String?
    var received: Int
    var sent: Int
  }

  var accessLog: [AccessLine] { Self.decoded((try? String(contentsOf: access, encoding: .utf8)) ?? "") }

  /// Waits until the access log has so many lines that meet the condition.
  @discardableResult
  func waitForAccess(
    count: Int = 1, seconds: Double = 180, where condition: (AccessLine) -> Bool
  ) throws -> [AccessLine] {
    let end = Date().addingTimeInterval(seconds)
    while true {
      let found = accessLog.filter(condition)
      if found.count >= count { return found }
      guard Date() < end else {
        throw Tool.Failure(description: "the access log lacks \(count) such lines:\n\(accessLog)\n\(log)")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// How many lines of its log hold this text.
  func lines(_ text: String) -> Int { log.split(separator: "\n").filter { $0.contains(text) }.count }

  // MARK: Signals

  /// SIGHUP, and what came of it: "reloaded", or "nothing was changed" and why.
  @discardableResult
  func reload() throws -> String {
    let before = log.split(separator: "\n").count
    process.send(SIGHUP)
    let end = Date().addingTimeInterval(180)
    while Date() < end, process.isRunning {
      let lines = log.split(separator: "\n").dropFirst(before).joined(separator: "\n")
      let messages = Self.decoded(lines, as: LogLine.self).map { "\($0.message) \($0.reason ?? "")" }
      if let result = messages.first(where: { $0.contains("reloaded") || $0.contains("nothing was changed") }) {
        return result
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Tool.Failure(description: "the router doesn't say what came of SIGHUP:\n\(log)")
  }

  /// Writes another router.yaml and reloads.
  @discardableResult
  func reload(_ yaml: String) throws -> String {
    try workspace.write(yaml, to: file)
    return try reload()
  }

  /// SIGTERM, and the exit status; nil where it doesn't end.
  @discardableResult
  func stop(seconds: Double = 180) -> Int32? {
    process.send(SIGTERM)
    return process.waitForExit(seconds: seconds)
  }

  // MARK: Reading

  private static func decoded<Line: Decodable>(_ text: String, as type: Line.Type = Line.self) -> [Line] {
    text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  private static func ports(_ count: Int, of process: BackgroundProcess) throws -> [String: Int] {
    let end = Date().addingTimeInterval(180)
    while Date() < end, process.isRunning {
      let lines = decoded(process.output, as: LogLine.self).filter {
        $0.message == "listening" && $0.listener != "(admin)"
      }
      if lines.count >= count {
        let pairs = lines.compactMap { line in
          line.listener.map { ($0, line.address?.split(separator: ":").last.flatMap { Int($0) } ?? 0) }
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Tool.Failure(description: "the router doesn't listen:\n\(process.output)")
  }
}

/// How soon it does what it is told.
extension RunningRouter {
  /// Seconds from its first reload to the last of these lines, by its own clock: who looks from outside, on a busy
  /// machine, sees both late.
  func seconds(fromReloadTo lines: [AccessLine]) throws -> Double {
    let reload = Self.decoded(log, as: LogLine.self).first { $0.message == "reloaded" }
    guard let reload, let last = lines.map(\.time).max() else {
      throw Tool.Failure(description: "no reload, or nothing after it:\n\(log)")
    }
    let form = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return try form.parse(last).timeIntervalSince(form.parse(reload.time))
  }
}

/// What it takes of the machine.
extension RunningRouter {
  /// Bytes of memory that are its own.
  func memory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw Tool.Failure(description: "no memory in \(status)")
    }
    return kibibytes << 10
  }

  func openFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd").count
  }
}
