import Foundation
import Glibc

/// Runs what an operator would type, and shows it, so that it can be copied.
struct QuickstartShell {
  let folder: String
  let console: Console
  let environment: [String: String]
  let interruption: QuickstartInterruption

  init(folder: String, home: Home, console: Console, interruption: QuickstartInterruption) throws {
    self.folder = folder
    self.interruption = interruption
    self.console = console
    var environment = ProcessInfo.processInfo.environment
    environment["COUNTERSIGN_HOME"] = home.path
    environment["COUNTERSIGN_PASSPHRASE_FILE"] = "\(folder)/ca.pass"
    environment["COUNTERSIGN_PROGRAM"] = try Self.program()
    environment["COUNTERSIGN_ACCESS_FILE"] = nil
    // Where administrators' programs lie is not on every user's PATH.
    environment["PATH"] = (environment["PATH"].map { "\($0):" } ?? "") + "/usr/sbin:/sbin"
    self.environment = environment
  }

  /// This program, wherever it was started from.
  static func program() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  }

  /// Runs commands in a folder of the demonstration.
  /// - Returns: what they printed, with what they complained of.
  /// - Throws: a ``CommandError`` with the last words of one that failed.
  @discardableResult
  func run(_ commands: String, in subfolder: String? = nil, mayFail: Bool = false) throws -> String {
    let place = subfolder.map { "\(folder)/\($0)" } ?? folder
    for line in commands.split(separator: "\n") { console.note(line.hasPrefix("#") ? "  \(line)" : "  $ \(line)") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", "countersign() { \"$COUNTERSIGN_PROGRAM\" \"$@\"; }\n\(commands)"]
    process.currentDirectoryURL = URL(fileURLWithPath: place)
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    interruption.add(process)
    let bytes = (try? output.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    interruption.remove(process)
    let text = String(decoding: bytes, as: UTF8.self)
    guard process.terminationStatus == 0 || mayFail else {
      let last = text.split(separator: "\n").last { !$0.hasPrefix("hint:") } ?? "no word"
      throw CommandError.environment("a step of the demonstration failed: \(last)")
    }
    return text
  }
}
