import Foundation
import PKITestKit

/// Servers that speak no TLS, as they stand behind a router.
struct Broker {
  let port: Int
  let process: BackgroundProcess

  static func mosquitto(in workspace: Workspace) throws -> Broker {
    let port = try ServerProcess.freePort()
    // As root it would take on a user that can't read the file.
    let configuration = """
      persistence false
      log_dest stderr
      listener \(port) 127.0.0.1
      allow_anonymous true
      user root

      """
    try workspace.write(configuration, to: "mosquitto.conf")
    return try Broker(port, ["mosquitto", "-c", workspace.file("mosquitto.conf")], ready: " running", in: workspace)
  }

  /// It prints each connection.
  static func nats(token: String, in workspace: Workspace) throws -> Broker {
    let port = try ServerProcess.freePort()
    // Two seconds for a client to say its token, unless said: too few where many tests run at once.
    try workspace.write("authorization: {token: \"\(token)\", timeout: 60}\n", to: "nats.conf")
    let words = ["nats-server", "-D", "-a", "127.0.0.1", "-p", "\(port)", "-c", workspace.file("nats.conf")]
    return try Broker(port, words, ready: "is ready", in: workspace)
  }

  /// - Parameter ready: what it prints once it listens.
  private init(_ port: Int, _ words: [String], ready: String, in workspace: Workspace) throws {
    self.port = port
    process = try BackgroundProcess(
      ["env"] + workspace.environment + words, in: workspace.path, log: workspace.directory.file("\(words[0]).log"))
    let end = Date().addingTimeInterval(180)
    while !process.output.contains(ready) {
      guard Date() < end, process.isRunning else {
        throw Tool.Failure(description: "\(words[0]) doesn't listen:\n\(process.output)")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }
}
