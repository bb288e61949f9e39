import ArgumentParser
import Diagnosis
import Foundation
import TLSRuntime

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what files are, what belongs together, and what is wrong.",
    discussion: """
      Certificates, keys, requests, revocation lists, PKCS#12, JKS, Kubernetes Secrets, values files with inline PEM.
      Exit code 1 when something is wrong.
        countersign inspect node-1.key node-1.crt ca.crt
        countersign inspect truststore.jks --password-file store.pass
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The files, judged one by one and together.", valueName: "file")) var files: [String]
  @OptionGroup var password: PasswordOptions

  func run() async throws {
    let inputs = try files.map { Inspection.NamedBytes(name: $0, bytes: try InputFile.read($0)) }
    let report = Inspection.inspect(
      inputs, password: try password.optional(), at: Date(), legacy: NIOSSLLegacyDecryption())
    try common.console.emit(InspectionFacts(report: report))
    if report.isPasswordWrong {
      throw CommandError.usage(
        "wrong password", hint: "\(password.passwordFile ?? "--password-file") opens nothing here")
    }
    if report.hasFindings { throw NegativeAnswer() }
  }
}

struct InspectionFacts: Facts {
  var report: InspectionReport

  func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }

  func lines(_ style: TextStyle) -> [String] {
    report.lines().map { line in
      if line.hasPrefix("error:") { return style.red(line) }
      if line.hasPrefix("warning:") { return style.yellow(line) }
      return line
    }
  }
}
