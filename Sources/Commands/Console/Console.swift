import Credentials
import Diagnosis
import Foundation

/// Where a command's words go: facts to standard output, everything else to standard error.
struct Console: Sendable {
  enum Output: String, Sendable { case text, json }

  var output: Output
  var isQuiet: Bool
  var isVerbose: Bool
  var style: TextStyle

  /// Prints facts: as JSON, or as the lines of text that they render to.
  func emit(_ facts: some Facts) throws {
    switch output {
    case .json: Self.write(try Self.json(facts) + "\n", to: FileHandle.standardOutput)
    case .text:
      let lines = facts.lines(style).map(style.printable)
      if !lines.isEmpty { Self.write(lines.joined(separator: "\n") + "\n", to: FileHandle.standardOutput) }
    }
  }

  /// Prints the outcome of an action, which `--quiet` leaves out.
  func report(_ facts: some Facts) throws {
    if !isQuiet || output == .json { try emit(facts) }
  }

  /// Prints bytes as they are: a certificate, a CRL.
  func write(_ bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }

  func warn(_ message: String) {
    Self.write("\(style.yellow("warning:")) \(message.printable)\n", to: FileHandle.standardError)
  }

  /// Says what is going on, for people who watch.
  func note(_ message: String) {
    if !isQuiet { Self.write("\(message)\n", to: FileHandle.standardError) }
  }

  /// Says each step, for those who asked for more.
  func detail(_ message: String) {
    if isVerbose { Self.write("\(message)\n", to: FileHandle.standardError) }
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func write(_ text: String, to handle: FileHandle) { handle.write(Data(text.utf8)) }
}

/// What a command found out or did: the same facts for people and for programs.
protocol Facts: Encodable {
  func lines(_ style: TextStyle) -> [String]
}
