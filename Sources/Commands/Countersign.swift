package import ArgumentParser
import Credentials
import Diagnosis
import Foundation

/// The command line's root.
package struct Countersign: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "countersign",
    abstract: "Mutual TLS for orchestrators and their nodes: issue, record, deliver and prove identities.",
    discussion: """
      A first authority and a first node:
        countersign ca create --name "Example Orchestrator CA"
        countersign issue node-1.example.org -o node-1
        countersign status

      See it work against a real server: countersign quickstart
      """,
    version: countersignVersion,
    groupedSubcommands: [
      CommandGroup(name: "Authority", subcommands: [CA.self, PolicyCommand.self]),
      CommandGroup(
        name: "Certificates",
        subcommands: [Request.self, Sign.self, Issue.self, Export.self, Revoke.self, CRL.self]),
      CommandGroup(name: "Files", subcommands: [Trust.self, Convert.self, Inspect.self, Verify.self]),
      CommandGroup(name: "Fleet file", subcommands: [Plan.self, Apply.self, Lint.self]),
      CommandGroup(
        name: "Live",
        subcommands: [
          OrchestratorCommand.self, Invite.self, Invitations.self, Nodes.self, RouterCommand.self, Explain.self,
        ]),
      CommandGroup(name: "Proof", subcommands: [Check.self, Status.self, Quickstart.self]),
      CommandGroup(name: "Records", subcommands: [Events.self, LedgerCommand.self]),
    ])

  package init() {}
}

package let countersignVersion = "0.1.0"

extension Countersign {
  package enum Execution {
    /// With the process's exit status.
    case ended(Int32)
    /// The rest takes other threads, and returns the exit status.
    case waits(@Sendable () async -> Int32)
  }

  /// Runs a command line. Never traps and never prints a stack trace.
  package static func start(_ arguments: [String]) -> Execution {
    do {
      var command = try parseAsRoot(CommonOptions.movedBehindSubcommand(arguments))
      guard let waiting = command as? any AsyncParsableCommand else {
        try command.run()
        return .ended(0)
      }
      // Nobody else has it.
      nonisolated(unsafe) var moved = waiting
      return .waits {
        do {
          try await moved.run()
          return 0
        } catch {
          return status(of: error)
        }
      }
    } catch {
      return .ended(status(of: error))
    }
  }

  private static func status(of error: any Error) -> Int32 {
    switch error {
    case is NegativeAnswer: 1
    case let error as any ExplainedError: report(message: error.message, hint: error.hint, code: error.kind.exitCode)
    default: reportParserError(error)
    }
  }

  /// The parser's sentence in the form of all other errors: one line, lower case, no full stop.
  private static func plain(_ sentence: String) -> String {
    var text = sentence.replacingOccurrences(of: ". Please provide one of ", with: "; it is one of ")
      .replacingOccurrences(of: "the following:\n  - ", with: "")
      .replacingOccurrences(of: "\n  - ", with: ", ")
    if text.hasSuffix(".") { text.removeLast() }
    // A word in capitals, such as NAME, stands for what the usage calls so.
    guard let second = text.dropFirst().first, !second.isUppercase else { return text }
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  private static func report(message: String, hint: String?, code: Int32) -> Int32 {
    var text = "error: \(message.printable)\n"
    if let hint { text += "hint: \(hint.printable)\n" }
    FileHandle.standardError.write(Data(text.utf8))
    return code
  }

  /// ArgumentParser signals help, version and completion scripts as errors too; those go to standard output.
  private static func reportParserError(_ error: any Error) -> Int32 {
    if exitCode(for: error) == .success {
      FileHandle.standardOutput.write(Data((fullMessage(for: error) + "\n").utf8))
      return 0
    }
    if exitCode(for: error) == .validationFailure, Self.message(for: error).contains("nknown option '--orchestrator") {
      return report(
        message: "this command works on files here, and not on a running orchestrator",
        hint: "leave --orchestrator out, or run it on the orchestrator's machine", code: FailureKind.badInput.exitCode)
    }
    if exitCode(for: error) == .validationFailure {
      let usage = fullMessage(for: error).split(separator: "\n").first {
        $0.hasPrefix("Usage:") || $0.hasPrefix("usage:")
      }
      let hint = usage.map { String($0.drop { $0 != ":" }.dropFirst(2)) }
      return report(
        message: plain(Self.message(for: error)), hint: hint.map { "usage: \($0)" }, code: FailureKind.badInput.exitCode
      )
    }
    return report(message: "\(error)", hint: nil, code: FailureKind.environment.exitCode)
  }
}
