import Foundation
import Glibc
import PKITestKit

/// What stands around a router: other users, networks and service managers.
extension Workspace {
  /// Starts a program in this workspace's environment.
  /// - Parameter prefix: what starts it in the place of the system, such as `setpriv` and its flags.
  func start(_ words: [String], by prefix: [String] = []) throws -> BackgroundProcess {
    try BackgroundProcess(
      prefix + ["env"] + environment + words, in: path,
      log: directory.file("process-\(UInt32.random(in: .min ... .max)).log"))
  }

  /// Starts clients.py likewise.
  func startClients(_ words: [String], by prefix: [String] = []) throws -> BackgroundProcess {
    let script = Self.sources.appendingPathComponent("Router/clients.py").path
    return try start([Self.tools + "/python", "-B", script] + words, by: prefix)
  }
}

extension BackgroundProcess {
  /// Waits until it has printed this text so often.
  func wait(for text: String, count: Int = 1, seconds: Double = 180) throws {
    let end = Date().addingTimeInterval(seconds)
    while true {
      let isLast = !isRunning || Date() >= end
      if output.components(separatedBy: text).count > count { return }
      guard !isLast else { throw Tool.Failure(description: "\(count) times \"\(text)\" isn't in:\n\(output)") }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }
}
