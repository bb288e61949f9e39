import Diagnosis
import Foundation
import Glibc

/// The orchestrator of the demonstration: this program once more, on loopback.
final class QuickstartOrchestrator {
  /// Plain HTTP, for OCSP and CRLs.
  let publicPort: Int
  private(set) var port = 0
  private let folder: String
  private let log: String
  private let process = Process()

  init(folder: String, home: Home) throws {
    self.folder = "\(folder)/orchestrator"
    log = "\(self.folder)/log"
    // It goes into certificates, and must be known before.
    publicPort = try freePort()
    try OutputFiles.makeFolder(self.folder, holdsKeys: true)
    try OutputFiles.write(Array(configuration.utf8), path: configurationPath)
    try OutputFiles.write([], path: log)
    process.executableURL = URL(fileURLWithPath: try QuickstartShell.program())
    process.arguments = [
      "orchestrator", "run", "--home", home.path, "--config", configurationPath, "--passphrase-file",
      "\(folder)/ca.pass",
    ]
  }

  var configurationPath: String { "\(folder)/orchestrator.yaml" }
  var url: String { "https://localhost:\(port)" }
  var endpoint: Endpoint { Endpoint(host: "localhost", port: port) }
  var publicURL: String { "http://localhost:\(publicPort)" }

  func start(_ interruption: QuickstartInterruption) async throws {
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
    interruption.add(process)
    for _ in 0..<600 {
      if let port = listeningPort() {
        self.port = port
        return
      }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    let words = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    let last = words.split(separator: "\n").last { !$0.hasPrefix("hint:") } ?? "no word in its log"
    stop()
    throw CommandError.environment("the orchestrator did not start: \(last)")
  }

  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
  }

  private var configuration: String {
    """
    listen: 127.0.0.1:0
    publicListen: 127.0.0.1:\(publicPort)
    publicURL: \(publicURL)
    admission:
      tokens: true
      approval: {names: ["node-*"], expiresAfter: 1h}
    issuing: {lifetime: 1d}

    """
  }

  /// From the line of its log that says so.
  private func listeningPort() -> Int? {
    guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.contains("\"listening\"") {
      guard let range = line.range(of: #"127\.0\.0\.1:[0-9]+"#, options: .regularExpression) else { continue }
      let digits = line[range].split(separator: ":").last.map(String.init) ?? ""
      if let port = Int(digits), port != publicPort { return port }
    }
    return nil
  }
}
