import Foundation
import Glibc
import PKITestKit

/// A client or a backend of clients.py that runs beside a test. It is ended with its owner.
final class Peer: Sendable {
  let process: BackgroundProcess

  /// - Parameter words: the command of clients.py and its flags.
  init(_ words: [String], in workspace: Workspace) throws {
    process = try BackgroundProcess(
      Self.program + words, in: workspace.path,
      log: workspace.directory.file("peer-\(UInt32.random(in: .min ... .max)).log"))
  }

  /// A backend, once it listens.
  static func backend(_ command: String, _ flags: String..., in workspace: Workspace) throws -> Peer {
    let backend = try Peer([command] + flags, in: workspace)
    try backend.wait(for: "listening")
    return backend
  }

  /// Runs a client to its end.
  @discardableResult
  static func run(_ words: [String], in workspace: Workspace) throws -> [Told] {
    let all = program + words
    return Told.lines(try Tool.require(all[0], Array(all.dropFirst()), in: workspace.directory.url).text)
  }

  /// What it told so far.
  var told: [Told] { Told.lines(process.output) }

  /// Where a backend listens.
  var port: Int { told.first { $0.event == "listening" }?.port ?? 0 }

  func events(_ name: String) -> [Told] { told.filter { $0.event == name } }

  /// Waits until it has told of so many events.
  @discardableResult
  func wait(for event: String, count: Int = 1, seconds: Double = 180) throws -> [Told] {
    let end = Date().addingTimeInterval(seconds)
    while true {
      // What it tells at its end is read before it counts as silent.
      let isLast = !process.isRunning || Date() >= end
      let found = events(event)
      if found.count >= count { return found }
      guard !isLast else {
        throw Tool.Failure(description: "\(found.count) of \(count) times \"\(event)\":\n\(process.output)")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// SIGUSR1: makes those who wait go on.
  func poke() { process.send(SIGUSR1) }

  private static var program: [String] {
    let script = Workspace.sources.appendingPathComponent("Router/clients.py").path
    return [Workspace.tools + "/python", "-B", script]
  }
}

/// A line of clients.py.
struct Told: Decodable, Sendable {
  var event: String?
  /// How a connection ended: answered, alert, untrusted, tls, ended, reset, unreachable, timeout or failed.
  var outcome: String?
  var detail: String?
  /// The serial of the server's certificate.
  var server: String?
  var version: String?
  var count: Int?
  var failures: Int?
  var port: Int?
  var seconds: Double?
  /// Whether a saved TLS session was taken.
  var resumed: Bool?
  /// Of a PROXY header.
  var header: String?
  var source: String?
  var sourcePort: Int?
  var authority: String?
  var cn: String?
  var cipher: String?
  var flags: Int?
  var verified: Bool?

  /// Whether the client was turned away by this alert.
  func isAlert(_ name: String) -> Bool { outcome == "alert" && detail == name }

  /// Whether the connection ended without a word.
  var wasCut: Bool { outcome == "ended" || outcome == "reset" }

  static func lines(_ text: String) -> [Told] {
    text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Told.self, from: Data($0.utf8)) }
  }
}
