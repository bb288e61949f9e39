import ArgumentParser
import Credentials
import Crypto
import Enrolment
import Foundation

struct OrchestratorPassword: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "password", abstract: "Make an agent's line for the file of passwords.",
    discussion: """
      The password is typed, read from a file, or from standard input; the line is printed and goes into the file that
      admission.passwords of orchestrator.yaml names. It is good until the agent has its first certificate.
        countersign orchestrator password welder-robots >>passwords
        openssl rand -base64 24 | tee password | countersign orchestrator password welder-robots >>passwords
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The agent's name, as its certificate will have it.", valueName: "name"))
  var name: String
  @OptionGroup var password: PasswordOptions

  func run() async throws {
    let text = try password.optional() ?? typed()
    guard text.unicodeScalars.count >= 8 else {
      throw CommandError.usage(
        "the password has fewer than 8 characters", hint: "for example: openssl rand -base64 24")
    }
    guard text.utf8.count <= PasswordTrial.longestPassword else {
      throw CommandError.usage("the password has more than \(PasswordTrial.longestPassword) bytes")
    }
    let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
    let line = try PasswordFile.line(name: name, ScryptHash(password: Array(text.utf8), salt: salt))
    try common.console.emit(PasswordLineFacts(line: line))
  }

  private func typed() throws -> String {
    if let text = try Terminal.readSecret("Password of \(name): ") {
      guard try Terminal.readSecret("Once more: ") == text else {
        throw CommandError.usage("the passwords differ", hint: "run the command again and type the same one twice")
      }
      return text
    }
    return readLine(strippingNewline: true) ?? ""
  }
}

private struct PasswordLineFacts: Facts {
  var line: String

  func lines(_ style: TextStyle) -> [String] { [line] }
}
