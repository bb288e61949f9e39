import Formats
import Foundation
import Glibc
import Subprocess
import SystemPackage

/// Runs an exec plugin of a kubeconfig.
struct ExecPluginRun: Sendable {
  var plugin: Kubeconfig.ExecPlugin
  var cluster: ExecClusterInformation?
  /// Whether a person can answer the plugin.
  var hasTerminal: Bool
  var timeout: Duration

  private static let outputLimit = 1 << 20

  /// - Throws: ``KubernetesError/execPlugin(command:problem:hint:)`` when it is missing, fails, hangs or prints something
  ///   else.
  func credential() async throws(KubernetesError) -> ExecCredential {
    if plugin.interactiveMode == .always, !hasTerminal {
      throw failure("needs a terminal", hint: "run the command in one, or set interactiveMode")
    }
    let output: [UInt8]
    do {
      output = try await outputInTime()
    } catch let error as KubernetesError {
      throw error
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw failure(
        "is not there",
        hint: plugin.installHint.map { PrintableText.line($0) } ?? "install it, or name its path in the kubeconfig")
    } catch let error as SubprocessError where error.code == .outputLimitExceeded {
      throw failure("printed more than \(Self.outputLimit >> 20) MiB", hint: nil)
    } catch {
      throw failure("could not be run", hint: "check that it is executable")
    }
    return try ExecCredential.decode(output, of: plugin)
  }

  private func outputInTime() async throws -> [UInt8] {
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask { try await output() }
      group.addTask {
        try await Task.sleep(for: timeout)
        throw failure(
          "did not end within \(timeout.components.seconds) s", hint: "run it by hand to see what it waits for")
      }
      defer { group.cancelAll() }
      return try await group.next() ?? []
    }
  }

  private func output() async throws -> [UInt8] {
    let isInteractive = hasTerminal && plugin.interactiveMode != .never
    var options = PlatformOptions()
    if !isInteractive {
      // Whatever it starts ends with it. A group of its own can't read from the terminal.
      options.processGroupID = 0
    }
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: !isInteractive, allowedDurationToNextStep: .milliseconds(500)),
      .send(signal: .kill, toProcessGroup: !isInteractive, allowedDurationToNextStep: .milliseconds(500)),
    ]
    let command = Command(
      executable: plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command),
      environment: environment(isInteractive), options: options)
    let output: (bytes: [UInt8], status: TerminationStatus) =
      isInteractive
      ? try await run(command, input: .currentStandardInput) : try await run(command, input: .none)
    guard output.status.isSuccess else { throw failure(Self.describe(output.status), hint: plugin.installHint) }
    return output.bytes
  }

  private struct Command {
    var executable: Executable
    var environment: Environment
    var options: PlatformOptions
  }

  /// Its standard error is ours, as with kubectl: there it tells the operator what to do.
  private func run<Input: InputProtocol>(
    _ command: Command, input: Input
  ) async throws -> (bytes: [UInt8], status: TerminationStatus) {
    let result = try await Subprocess.run(
      command.executable, arguments: Arguments(plugin.arguments), environment: command.environment,
      platformOptions: command.options, input: input, output: .bytes(limit: Self.outputLimit),
      error: .currentStandardError)
    return (result.standardOutput, result.terminationStatus)
  }

  private func environment(_ isInteractive: Bool) -> Environment {
    var variables: [Environment.Key: String?] = [:]
    for variable in plugin.environment {
      if let key = Environment.Key(rawValue: variable.name) { variables[key] = variable.value }
    }
    variables["KUBERNETES_EXEC_INFO"] = ExecCredential.request(plugin, cluster: cluster, isInteractive: isInteractive)
    return .inherit.updating(variables)
  }

  private static func describe(_ status: TerminationStatus) -> String {
    switch status {
    case .exited(let code): "failed with status \(code)"
    case .signaled(let signal): "was ended by signal \(signal)"
    }
  }

  private func failure(_ problem: String, hint: String?) -> KubernetesError {
    .execPlugin(command: plugin.command, problem: problem, hint: hint)
  }
}
